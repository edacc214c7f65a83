import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mavenJars, outputOf } from '../support/maven-jars.ts'

const here = import.meta.dirname
const heapFlags = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
const runTimeoutMs = 120_000

export type Format = 'avro' | 'json' | 'protobuf'

/** `java/Peer.java` against a broker and a registry. */
export class JavaPeer {
  readonly #arguments: readonly string[]

  constructor(brokers: string, registry: string) {
    this.#arguments = [...heapFlags, '-cp', classPath(), 'Peer', brokers, registry]
  }

  /** What Java's serdes make of a topic's records: values as Java prints them. */
  read(format: Format, topic: string): readonly { readonly key: string; readonly value: string }[] {
    const lines = this.#run('read', format, topic).split('\n')
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  }

  write(format: Format, topic: string, schema: string, json: object): void {
    this.#run('write', format, topic, schema, JSON.stringify(json))
  }

  /** The application in Kafka Streams, on an empty disk, until it is disposed of. */
  streams(): AsyncDisposable {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-spending-'))
    const child = spawn('java', [...this.#arguments, 'streams', directory], { stdio: ['pipe', 'ignore', 'pipe'] })
    let log = ''
    child.stderr.on('data', (bytes: Buffer) => {
      log = (log + bytes.toString()).slice(-8_000)
    })
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    return {
      async [Symbol.asyncDispose]() {
        child.stdin.end()
        const status = await ended
        rmSync(directory, { recursive: true, force: true })
        if (status !== 0) throw new Error(`Kafka Streams ended with ${status}\n${log}`)
      },
    }
  }

  #run(...command: readonly string[]): string {
    const run = spawnSync('java', [...this.#arguments, ...command], { encoding: 'utf8', timeout: runTimeoutMs })
    if (run.status !== 0) throw new Error(`Peer ${command.join(' ')}: ${outputOf(run)}`)
    return run.stdout
  }
}

/** Compiled anew when the source or a jar has changed. */
function classPath(): string {
  const folder = join(here, 'java')
  const jars = join(mavenJars(folder), '*')
  const source = join(folder, 'Peer.java')
  const digest = createHash('sha256').update(jars).update(readFileSync(source)).digest('hex').slice(0, 12)
  const classes = join(folder, 'target', `classes-${digest}`)
  if (!existsSync(classes)) {
    const unfinished = `${classes}.${process.pid}`
    mkdirSync(unfinished, { recursive: true })
    const run = spawnSync('javac', ['-proc:none', '-cp', jars, '-d', unfinished, source], { encoding: 'utf8' })
    if (run.status !== 0) throw new Error(`javac: ${outputOf(run)}`)
    renameSync(unfinished, classes)
  }
  return `${jars}:${classes}`
}
