import { spawn } from 'node:child_process'
import type { RecordIn, RecordOut } from '../programs/operations.ts'
import { serve, started } from '../programs/serve.ts'

const { bootstrap, settings } = started()
const options: Readonly<Record<string, string | undefined>> = {
  'security.protocol': settings.protocol,
  'sasl.mechanism': settings.mechanism,
  'sasl.username': settings.username,
  'sasl.password': settings.password,
  'ssl.ca.location': settings.caFile,
  'ssl.certificate.location': settings.certFile,
  'ssl.key.location': settings.keyFile,
  'client.id': settings.clientId,
  'socket.timeout.ms': '8000',
}
const common = [
  '-b',
  bootstrap,
  ...Object.entries(options).flatMap(([name, value]) => (value ? ['-X', `${name}=${value}`] : [])),
]

/** What kcat said went wrong; librdkafka's name of it where it names one. */
class KcatError extends Error {
  constructor(text: string) {
    super(text)
    this.name = /(?:Broker|Local): [\w ,'()-]+/.exec(text)?.[0].trim() ?? text.split('\n').at(-1) ?? 'no word'
  }
}

interface Ran {
  readonly stdout: string
  readonly stderr: string
}

/** Runs kcat once; `enough` ends it early. */
async function kcat(
  args: readonly string[],
  input = '',
  enough?: (stdout: string) => boolean,
  timeoutMs = 30_000,
): Promise<Ran> {
  const child = spawn('kcat', [...common, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  let isEnough = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    if (enough?.(stdout)) {
      isEnough = true
      child.kill('SIGTERM')
    }
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const timer = setTimeout(() => {
    isEnough = true
    child.kill('SIGTERM')
  }, timeoutMs)
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  if (status !== 0 && !isEnough) throw new KcatError(stderr.trim())
  for (const line of stderr.split('\n')) if (/^%[0-4]\|/.test(line)) console.error(line)
  return { stdout, stderr }
}

interface JsonMessage {
  readonly offset: number
  readonly ts: number
  readonly key: string | null
  readonly payload: string | null
  readonly headers?: readonly (string | null)[]
}

function recordOf(line: string): RecordOut {
  const { offset, ts, key, payload, headers = [] } = JSON.parse(line) as JsonMessage
  const pairs = Array.from(
    { length: headers.length / 2 },
    (_, index) => [headers[2 * index] ?? '', headers[2 * index + 1] ?? null] as const,
  )
  return { offset, key, value: payload, headers: pairs, timestamp: ts }
}

const separator = '\u0001'
const end = '\u0002'

/** Records in one run share partition and headers, which kcat takes for all of them; runs are in the order of the records. */
function runs(records: readonly RecordIn[]): RecordIn[][] {
  const all: RecordIn[][] = []
  const kind = (record: RecordIn): string =>
    JSON.stringify([record.partition, record.headers, record.key == null, record.value === null])
  for (const record of records) {
    const last = all.at(-1)
    if (last && kind(last[0]!) === kind(record)) last.push(record)
    else all.push([record])
  }
  return all
}

interface Metadata {
  readonly controllerid: number
  readonly brokers: readonly unknown[]
  readonly topics: readonly {
    readonly topic: string
    readonly error?: string
    readonly partitions: readonly { partition: number; leader: number; replicas: { id: number }[] }[]
  }[]
}

const metadata = async (...topic: string[]): Promise<Metadata> =>
  JSON.parse((await kcat(['-L', '-J', ...topic])).stdout) as Metadata

await serve(
  {
    async createTopics({ topics }) {
      const result: Record<string, string> = {}
      for (const { name, partitions, configs } of topics) {
        if (partitions !== 1 || Object.keys(configs ?? {}).length > 0) throw new KcatError('kcat creates nothing')
        // Asking for a topic that is to be created when asked for.
        await kcat(['-P', '-t', name, '-X', 'allow.auto.create.topics=true'])
        await metadata('-t', name, '-X', 'allow.auto.create.topics=true')
        result[name] = 'NONE'
      }
      return result
    },
    listTopics: async () => (await metadata()).topics.map(({ topic }) => topic).sort(),
    async describeTopic({ name }) {
      const [topic] = (await metadata('-t', name)).topics
      if (topic?.error !== undefined) throw new KcatError(topic.error)
      const partitions = topic!.partitions.map(({ partition, leader, replicas }) => ({
        partition,
        leader,
        replicas: replicas.map(({ id }) => id),
      }))
      return { id: null, partitions }
    },
    async listOffset({ topic, partition, at }) {
      const when = at === 'earliest' ? -2 : at === 'latest' ? -1 : at
      const { stdout } = await kcat(['-Q', '-t', `${topic}:${partition}:${when}`])
      const offset = Number(/offset (-?\d+)/.exec(stdout)?.[1])
      return { offset: offset < 0 ? null : offset }
    },
    async produce({ topic, records, codec = 'none', acks = -1, idempotent = false, maxRequestBytes }) {
      for (const run of runs(records)) {
        const [{ partition, headers = [], key, value }] = run as [RecordIn]
        const args = ['-P', '-t', topic, '-z', codec, '-X', `acks=${acks}`, '-X', `enable.idempotence=${idempotent}`]
        args.push('-X', 'message.timeout.ms=15000', '-X', 'linger.ms=20', '-D', end)
        if (maxRequestBytes !== undefined) args.push('-X', `message.max.bytes=${maxRequestBytes}`)
        if (partition !== undefined) args.push('-p', String(partition))
        if (key != null) args.push('-K', separator)
        if (value === null) args.push('-Z')
        for (const [name, text] of headers) args.push('-H', `${name}=${text}`)
        const lines = run.map((record) => `${key == null ? '' : `${record.key}${separator}`}${record.value ?? ''}`)
        await kcat(args, lines.join(end))
      }
      return { first: null }
    },
    async read({
      topic,
      partition = 0,
      from = 'beginning',
      reset = 'earliest',
      count,
      until,
      isolation = 'read_committed',
      timeoutMs = 30_000,
    }) {
      const args = ['-C', '-J', '-u', '-t', topic, '-p', String(partition), '-o', String(from)]
      args.push('-X', `isolation.level=${isolation}`, '-X', 'fetch.wait.max.ms=100')
      args.push('-X', `auto.offset.reset=${reset === 'none' ? 'error' : reset}`)
      if (count !== undefined) args.push('-c', String(count))
      const records = (text: string): RecordOut[] =>
        text
          .slice(0, text.lastIndexOf('\n') + 1)
          .split('\n')
          .filter(Boolean)
          .map(recordOf)
      const enough = (text: string): boolean =>
        until !== undefined && records(text).some(({ value }) => value === until)
      const { stdout } = await kcat(args, '', until === undefined ? undefined : enough, timeoutMs)
      const all = records(stdout)
      const last = all.findIndex(({ value }) => until !== undefined && value === until)
      return { records: last < 0 ? all : all.slice(0, last + 1) }
    },
  },
  (error) => (error as Error).name,
)
