import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../support/free-port.ts'
import { mavenJars } from '../../support/maven-jars.ts'

const startTimeoutMs = 90_000
const main = 'org.apache.kafka.connect.cli.ConnectDistributed'

const text = 'org.apache.kafka.connect.storage.StringConverter'

/** Properties of a worker whose topics are named as Millrace names them. */
export function workerProperties(brokers: string, groupId: string): Record<string, string> {
  return {
    'bootstrap.servers': brokers,
    'group.id': groupId,
    'config.storage.topic': `${groupId}-configs`,
    'offset.storage.topic': `${groupId}-offsets`,
    'status.storage.topic': `${groupId}-status`,
    'config.storage.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'key.converter': text,
    'value.converter': text,
    'exactly.once.source.support': 'enabled',
    // How long a worker alone in its group waits for others.
    'scheduled.rebalance.max.delay.ms': '0',
  }
}

/** A worker of Kafka Connect 4.3 in distributed mode. */
export class JavaWorker implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess
  readonly #folder: string
  #output = ''

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url
    this.#child = child
    this.#folder = folder
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output = (this.#output + text.toString()).slice(-20_000)
      })
    }
  }

  /** Starts one and waits until its REST API answers. */
  static async start(properties: Readonly<Record<string, string>>): Promise<JavaWorker> {
    const jars = join(mavenJars(import.meta.dirname), '*')
    const folder = await mkdtemp(join(tmpdir(), 'java-worker-'))
    const url = `http://127.0.0.1:${await freePort()}`
    const file = join(folder, 'worker.properties')
    // The class path says which plugins it has; a scan of all of it takes long.
    const all = { listeners: url, 'plugin.discovery': 'service_load', ...properties }
    await writeFile(
      file,
      Object.entries(all)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    )
    const flags = ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
    const worker = new JavaWorker(url, spawn('java', [...flags, '-cp', jars, main, file], { stdio: 'pipe' }), folder)
    try {
      await worker.until('its REST API to answer', '/connectors', () => true, startTimeoutMs)
      return worker
    } catch (error) {
      await worker[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Asks until the answer is good. @throws with what it printed last */
  async until<T>(what: string, path: string, isGood: (answer: T) => boolean, timeoutMs = 60_000): Promise<T> {
    let last: unknown
    for (
      const deadline = Date.now() + timeoutMs;
      Date.now() < deadline && this.#child.exitCode === null;
      await delay(200)
    ) {
      try {
        last = await this.ask('GET', path)
        if (isGood(last as T)) return last as T
      } catch (error) {
        last = error
      }
    }
    throw new Error(`waited in vain for ${what}: ${JSON.stringify(last)} ${last}\n${this.#output}`)
  }

  async ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.url + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  /** As an orchestrator stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      await Promise.race([ended, delay(20_000)])
      this.#child.kill('SIGKILL')
      await ended
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}
