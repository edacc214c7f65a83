import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { mavenJars, outputOf } from '../../support/maven-jars.ts'
import type { Codec, OperationName } from './operations.ts'
import type { Command } from './program.ts'

const here = join(import.meta.dirname, '..')

/** What a case may need of a client beyond its operations. */
export type Feature =
  | `codec ${Codec}`
  | `assignor ${string}`
  | 'acks 0'
  | 'null headers'
  | 'timestamps'
  | 'topic ids'
  | 'validate only'
  | 'max timestamp'
  | 'remove configs'
  | 'group configs'
  | 'offset reset'
  | 'idempotent producer'
  | 'request size'
  | 'static members'
  | 'group.protocol=consumer'
  | 'patterns'
  | 'isolation level'
  | 'fencing by name'
  | 'OAUTHBEARER'
  | 'renewed sessions'

/** A foreign client: how it starts, and what it has not, with the reason that the reference page gives. */
export interface Client {
  readonly name: string
  readonly language: string
  readonly version: string
  /** Tools that must be on this machine; the test of the client is skipped where one is missing. */
  readonly tools: readonly string[]
  /** Builds what runs, once; the command that starts it. */
  readonly command: () => Command
  /** What it logs about itself, whatever the broker: no warning about the broker. */
  readonly noise?: RegExp
  /** Its process is slow to start: one is used for login after login. */
  readonly logsInAgain?: true
  /** Why what it says of a refused login beside the name of the error is not compared. */
  readonly logsByChance?: string
  /** Why a group that came out otherwise is formed once more before that counts. */
  readonly unsteady?: string
  readonly lacks: Readonly<Partial<Record<OperationName | Feature, string>>>
}

function pinned(file: string, pattern: RegExp): string {
  const found = pattern.exec(readFileSync(join(here, file), 'utf8'))?.[1]
  if (found === undefined) throw new Error(`${file} pins no version`)
  return found
}

/** A folder made once for the content of `sources`; `make` fills it. Two processes may make it at a time, the first wins. */
function built(folder: string, sources: readonly string[], make: (target: string) => void): string {
  const hash = createHash('sha256')
  for (const source of sources) hash.update(readFileSync(join(here, source)))
  const target = join(here, folder, 'target', `built-${hash.digest('hex').slice(0, 12)}`)
  if (existsSync(target)) return target
  const unfinished = `${target}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  make(unfinished)
  try {
    renameSync(unfinished, target)
  } catch {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return target
}

function make(command: string, args: readonly string[], cwd = here): void {
  const run = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`${command} ${args[0]}: ${outputOf(run)}`)
}

const typescript = (folder: string) => (): Command => ({
  command: process.execPath,
  env: { KAFKAJS_NO_PARTITIONER_WARNING: '1' },
  args: ['--conditions=source', '--no-warnings', join(here, folder, 'main.ts')],
})

function javaCommand(): Command {
  const jars = join(mavenJars(join(here, 'java')), '*')
  const sources = globSync('java/*.java', { cwd: here }).sort()
  const classes = built('java', [...sources, 'java/pom.xml'], (target) =>
    make('javac', ['-nowarn', '-d', target, '-cp', jars, ...sources]),
  )
  const options = [
    '-Xmx256m',
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  ]
  return { command: 'java', args: [...options, '-cp', `${classes}:${jars}`, 'Client'] }
}

/** One environment for both clients in Python, with the pinned packages; wheels, nothing is compiled. */
const python = (folder: string) => (): Command => {
  const environment = built('python', ['python/requirements.txt'], (target) => {
    make('python3', ['-m', 'venv', '--copies', target])
    const requirements = ['install', '--quiet', '--only-binary', ':all:', '-r', 'python/requirements.txt']
    make(join(target, 'bin/python'), ['-m', 'pip', ...requirements])
  })
  return {
    command: join(environment, 'bin/python'),
    args: ['-B', join(here, folder, 'main.py')],
    env: { PYTHONPATH: join(here, 'python') },
  }
}

function goCommand(): Command {
  const sources = globSync('franz-go/*.go', { cwd: here }).sort()
  const folder = built('franz-go', [...sources, 'franz-go/go.mod', 'franz-go/go.sum'], (target) =>
    make('go', ['build', '-o', join(target, 'franz-go'), '.'], join(here, 'franz-go')),
  )
  return { command: join(folder, 'franz-go'), args: [] }
}

const kafkajsPackage = '../package.json'

export const clients: readonly Client[] = [
  {
    name: 'java',
    language: 'Java',
    version: pinned('java/pom.xml', /<kafka.version>(.*)<\/kafka.version>/),
    tools: ['java', 'mvn'],
    command: javaCommand,
    logsInAgain: true,
    lacks: {},
  },
  {
    name: 'kafkajs',
    language: 'JavaScript',
    version: pinned(kafkajsPackage, /"kafkajs": "(.*)"/),
    tools: [],
    command: typescript('kafkajs'),
    lacks: {
      'codec snappy': 'a plug-in with a native library of its own',
      'codec lz4': 'a plug-in with a native library of its own',
      'null headers': 'header values are never null',
      'topic ids': 'not in its metadata',
      'max timestamp': 'not in its API',
      'remove configs': 'only AlterConfigs, which replaces all',
      'offset reset': 'a member always resets by fromBeginning',
      'request size': 'no limit of its own',
      'static members': 'not in its API',
      'group.protocol=consumer': 'not in its API',
      'assignor range': 'round robin only',
      'assignor sticky': 'round robin only',
      'assignor cooperative-sticky': 'round robin only',
      'renewed sessions': 'goes on sending while it logs in again, which brokers refuse',
      deleteOffsets: 'not in its API',
    },
  },
  {
    name: 'librdkafka',
    language: 'C, by confluent-kafka for Python',
    version: pinned('python/requirements.txt', /confluent-kafka==(.*)/),
    tools: ['python3'],
    command: python('librdkafka'),
    lacks: {
      deleteOffsets: 'not in its API',
      'assignor sticky': 'the cooperative one only',
    },
  },
  {
    name: 'kafka-python',
    language: 'Python',
    version: pinned('python/requirements.txt', /kafka-python==(.*)/),
    tools: ['python3'],
    command: python('kafka-python'),
    unsteady: 'under load a member now and then falls silent after a rebalance, on either broker',
    logsByChance: 'it reads the answer or sees the end of the connection first',
    noise: /blocking the event loop|Metadata refresh: failed Cancelled/,
    lacks: {
      'group.protocol=consumer': 'not in its API',
      'null headers': 'refused by the client',
    },
  },
  {
    name: 'franz-go',
    language: 'Go',
    version: pinned('franz-go/go.mod', /franz-go v(.*)/),
    tools: ['go'],
    command: goCommand,
    lacks: {
      sendOffsets: 'only in a session that reads and writes with one client',
    },
  },
  {
    name: 'platformatic',
    language: 'TypeScript, @platformatic/kafka',
    version: pinned(kafkajsPackage, /"@platformatic\/kafka": "(.*)"/),
    tools: [],
    command: typescript('platformatic'),
    lacks: {
      'null headers': 'headers are a map',
      'validate only': 'not for the creation of topics',
      'offset reset': 'a stream from an offset has no policy of its own',
      'request size': 'no limit of its own',
      sendOffsets: 'only of messages that it consumed itself',
      'assignor range': 'round robin and a cooperative one',
      'assignor sticky': 'round robin and a cooperative one',
      patterns: 'not in its API',
    },
  },
  {
    name: 'kcat',
    language: 'C, the command line of librdkafka',
    version: '1.7.1',
    tools: ['kcat'],
    command: typescript('kcat'),
    lacks: {
      ...Object.fromEntries(
        (
          [
            'createTopics',
            'deleteTopics',
            'createPartitions',
            'describeConfigs',
            'alterConfigs',
            'deleteRecords',
          ] as const
        )
          .concat([
            'describeGroup',
            'deleteGroup',
            'committed',
            'commitOffsets',
            'deleteOffsets',
            'listGroups',
          ] as never)
          .map((name) => [name, 'no administration']),
      ),
      OAUTHBEARER: 'tokens only from an issuer that it asks itself',
      describeCluster: 'no cluster id in what it lists',
      openProducer: 'not one transaction after the other',
      timestamps: 'a record has the time of its writing',
      'null headers': 'a header has a value',
      'topic ids': 'not in what it lists',
      join: 'a member would be a process that only prints',
      'idempotent producer': 'gives up when its one broker is away for a moment',
    },
  },
]

/** Why `client` cannot run a case that needs `needs`; undefined when it can. */
export function lacking(client: Client, needs: readonly (OperationName | Feature)[]): string | undefined {
  const missing = needs.find((need) => client.lacks[need] !== undefined)
  return missing === undefined ? undefined : `${missing}: ${client.lacks[missing]}`
}

/** Why `client` cannot run on this machine; with MILLRACE_REQUIRE_CLIENTS=1 always undefined, so that it fails instead. */
export function unavailable(client: Client): string | undefined {
  if (process.env.MILLRACE_REQUIRE_CLIENTS === '1') return undefined
  const missing = client.tools.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0)
  if (missing.length === 0) return undefined
  return `${client.name} cannot run: ${missing.join(' and ')} not found (MILLRACE_REQUIRE_CLIENTS=1 makes this a failure)`
}
