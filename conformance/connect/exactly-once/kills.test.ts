// Exactly-once sources (KIP-618) under SIGKILL: every line of a growing file is in its topic once, in order.
import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Random, seededRandom } from '@millrace/base'
import { type Broker, startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient, scanTopic } from '@millrace/kafka'
import { WorkerProcess } from './worker-process.ts'

/** Of each boundary. */
const kills = Number(process.env.MILLRACE_KILLS ?? 3)
const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1_000_000)
const stuckMs = 30_000
const topic = 'lines'

const boundaries = {
  'each pull': { 'transaction.boundary': 'poll' },
  intervals: { 'transaction.boundary': 'interval', 'transaction.boundary.interval.ms': '100' },
  'the connector, with a topic of its own for its position': {
    'transaction.boundary': 'connector',
    'offsets.storage.topic': 'own-offsets',
  },
}

/** A broker, and a file that grows. */
class Lines implements AsyncDisposable {
  readonly #broker: Broker
  readonly #folder: string
  readonly client: KafkaClient
  readonly written: string[] = []

  private constructor(broker: Broker, folder: string) {
    this.#broker = broker
    this.#folder = folder
    this.client = kafkaClient({ brokers: broker.brokers })
  }

  static async open(): Promise<Lines> {
    const broker = await startBroker({ memory: true })
    const lines = new Lines(broker, await mkdtemp(join(tmpdir(), 'exactly-once-')))
    await lines.client.admin.createTopics([{ name: topic, partitions: 1 }])
    await writeFile(lines.file, '')
    return lines
  }

  get file(): string {
    return join(this.#folder, 'lines.txt')
  }

  worker(more: Readonly<Record<string, string>>): WorkerProcess {
    // Batches so small that there are many transactions for a kill to hit.
    const config = { name: 'lines', 'connector.class': 'FileStreamSource', file: this.file, topic, 'batch.size': '40' }
    return new WorkerProcess({ brokers: this.#broker.brokers, config: { ...config, ...more } })
  }

  async write(random: Random): Promise<void> {
    const count = 1 + Math.floor(random.next() * 60)
    const added = Array.from({ length: count }, (_, n) => `line ${this.written.length + n}`)
    this.written.push(...added)
    await appendFile(this.file, added.map((line) => `${line}\n`).join(''))
  }

  async committed(): Promise<string[]> {
    const found: string[] = []
    for await (const { value } of scanTopic(this.client, { topic })) found.push(JSON.parse(String(value)))
    return found
  }

  /**
   * Waits until as many lines are in the topic as in the file, for as long as there are more each time, and then a little for
   * those that must not come.
   */
  async arrived(worker: WorkerProcess): Promise<void> {
    let deadline = Date.now() + stuckMs
    for (let last = 0, count = 0; count < this.written.length; last = count) {
      const startedMs = Date.now()
      count = (await this.committed()).length
      if (count > last) deadline = Date.now() + stuckMs
      else if (Date.now() > deadline) assert.fail(`${count} of ${this.written.length} lines: ${worker.errors}`)
      // Reading all of it takes the broker's time, which is what the worker waits for.
      await delay(100 + 3 * (Date.now() - startedMs))
    }
    await delay(300)
    assert.deepEqual(await this.committed(), this.written)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
    await this.#broker.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

for (const [name, boundary] of Object.entries(boundaries)) {
  const title = `transactions that end with ${name}: nothing lost or doubled`
  test(`${title} (MILLRACE_KILLS=${kills} MILLRACE_SEED=${seed})`, async () => {
    const random = seededRandom(seed)
    await using lines = await Lines.open()
    for (let kill = 0; kill < kills; kill++) {
      await using worker = lines.worker(boundary)
      // Some die while they initialise their producer or read their position.
      const isEarly = random.next() < 0.25
      await worker.says(isEarly ? 'starting' : 'RUNNING')
      const dieMs = Date.now() + random.next() * (isEarly ? 400 : 200)
      while (Date.now() < dieMs) {
        await lines.write(random)
        await delay(random.next() * 10)
      }
    }
    await using last = lines.worker(boundary)
    await lines.arrived(last)
    const positions = boundary['transaction.boundary'] === 'connector' ? 'own-offsets' : 'kills-offsets'
    let stored: unknown
    for await (const { value } of scanTopic(lines.client, { topic: positions })) stored = JSON.parse(String(value))
    assert.deepEqual(stored, { version: 1, position: (await stat(lines.file)).size })
  })
}

test('a worker that was taken for dead and wakes up is fenced, and what it had begun counts for nothing', async () => {
  const random = seededRandom(seed)
  await using lines = await Lines.open()
  // Its transaction is open most of the time.
  const boundary = { 'transaction.boundary': 'interval', 'transaction.boundary.interval.ms': '500' }
  await using zombie = lines.worker(boundary)
  await zombie.says('RUNNING')
  await lines.write(random)
  await delay(250)
  zombie.signal('SIGSTOP')
  await lines.write(random)
  {
    await using successor = lines.worker(boundary)
    await lines.arrived(successor)
    await lines.write(random)
    zombie.signal('SIGCONT')
    await zombie.says('FAILED KAFKA_')
    await zombie.complains(/FENCED|INVALID_PRODUCER_EPOCH/)
    await lines.write(random)
    await lines.arrived(successor)
  }
})
