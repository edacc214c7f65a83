import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import { mavenJars } from '../support/maven-jars.ts'
import type { Contestant, RunningContestant } from './scenario.ts'

interface RunningDebezium extends RunningContestant {
  /** The end of what it printed. */
  readonly log: () => string
}

/** Debezium 3.6 under Kafka Connect. */
export function debezium(): Contestant {
  let log = (): string => ''
  return {
    name: 'debezium',
    async start(brokers, connectors) {
      const running = await startDebezium(brokers, connectors)
      log = running.log
      return running
    },
    problem: () => {
      if (!/ERROR org\.apache\.\S*WorkerTask|ERROR io\.debezium\.pipeline\.ErrorHandler/.test(log())) return ''
      const lines = log().split('\n')
      return lines.filter((line) => /ERROR|Caused|Exception/.test(line)).join('\n')
    },
  }
}

/** Its connectors in one standalone worker, one for each set of properties. */
async function startDebezium(
  brokers: string,
  connectors: readonly Readonly<Record<string, string>>[],
): Promise<RunningDebezium> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-debezium-'))
  const worker = join(folder, 'worker.properties')
  await writeFile(
    worker,
    propertiesText({
      'bootstrap.servers': brokers,
      listeners: `http://127.0.0.1:${await freePort()}`,
      'offset.storage.file.filename': join(folder, 'offsets'),
      'plugin.discovery': 'service_load',
      'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    }),
  )
  const files: string[] = []
  for (const [i, properties] of connectors.entries()) {
    const file = join(folder, `${i}.properties`)
    await writeFile(file, propertiesText(properties))
    files.push(file)
  }
  const main = 'org.apache.kafka.connect.cli.ConnectStandalone'
  const jars = join(mavenJars(import.meta.dirname), '*')
  // Its figures for unavailable time zones and formats depend on the zone of the machine otherwise.
  const flags = [
    '-Xmx512m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Duser.timezone=UTC',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  ]
  let log = ''
  const keep = (text: string): void => {
    log = (log + text).slice(-200_000)
  }
  const start = (): ChildProcess => {
    const child = spawn('java', [...flags, '-cp', jars, main, worker, ...files], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)
    return child
  }
  let child = start()
  return {
    log: () => log,
    // Asked to, it commits its offsets before it ends.
    stop: () => ended(child, 'SIGTERM'),
    async resume() {
      child = start()
    },
    async [Symbol.asyncDispose]() {
      await ended(child, 'SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function ended(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await exited
}

/** Java's format of properties: backslashes and line ends are escaped, and so is what is not Latin-1. */
function propertiesText(properties: Readonly<Record<string, string>>): string {
  const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return Object.entries(properties)
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}\n`)
    .join('')
}
