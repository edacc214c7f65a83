import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import type { StartStreamsOptions } from '@millrace/streams'
import type { BrokerSuite } from './broker-suite.ts'
import { waitUntil } from './kafka.ts'
import { createTopics, expectedSpend, partitions, placeOrders, spendNow, spendUpdates } from './orders.ts'

const script = fileURLToPath(new URL('./instance-process.ts', import.meta.url))

class InstanceProcess {
  readonly #child: ChildProcess
  #state = ''
  /** Before it was running last. */
  restored = Number.NaN

  constructor(brokers: string, stateDir: string, options: string) {
    this.#child = spawn(process.execPath, ['--conditions=source', script, brokers, stateDir, options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    createInterface(this.#child.stdout!).on('line', (line) => {
      const [, restored] = /^restored (\d+)$/.exec(line) ?? []
      if (restored === undefined) this.#state = line
      else this.restored = Number(restored)
    })
  }

  isRunning = (): boolean => this.#state === 'running'

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null
    const exited = hasEnded ? undefined : once(this.#child, 'exit')
    this.#child.kill(signal)
    await exited
    return this.#child.exitCode
  }
}

/** What remains when an instance dies in the middle of its work, against any broker. */
export function registerTakeoverTests(
  name: string,
  { skip, startBroker }: BrokerSuite,
  options: Partial<StartStreamsOptions> = {},
): void {
  test(`${name}: a killed instance loses nothing, the other one takes over, and after a restart it takes part again`, {
    skip,
  }, async () => {
    using folder = new DisposableStack()
    const directory = mkdtempSync(join(tmpdir(), 'millrace-killed-'))
    folder.defer(() => rmSync(directory, { recursive: true, force: true }))
    await using broker = await startBroker()
    await using client = kafkaClient({ brokers: broker.brokers })
    await createTopics(client)
    const start = (stateDir: string): InstanceProcess =>
      new InstanceProcess(broker.brokers, join(directory, stateDir), JSON.stringify(options))
    const one = start('one')
    const two = start('two')
    const started = [one, two]
    try {
      await waitUntil(() => one.isRunning() && two.isRunning())
      // Orders keep coming while the instance dies in the middle of its transactions.
      const placed = (async () => {
        for (let from = 0; from < 6_000; from += 200) {
          await placeOrders(client, from, 200)
          await new Promise((resolve) => setTimeout(resolve, 40))
        }
      })()
      await new Promise((resolve) => setTimeout(resolve, 600))
      await one.end('SIGKILL')
      await placed
      await waitUntil(async () => sum(await spendNow(client)) === sum(expectedSpend(6_000)))
      const again = start('one')
      started.push(again)
      await waitUntil(() => again.isRunning() && two.isRunning())
      await two.end('SIGKILL')
      await placeOrders(client, 6_000, 1_000)
      await waitUntil(async () => sum(await spendNow(client)) === sum(expectedSpend(7_000)))
      assert.deepEqual(await spendNow(client), expectedSpend(7_000))
      for (const [customer, updates] of await spendUpdates(client)) {
        const grows = updates.every((total, i) => i === 0 || total > updates[i - 1]!)
        assert.ok(grows, `${customer} was written twice or went back: ${updates.join(' ')}`)
      }
      assert.equal(await again.end('SIGTERM'), 0)
    } finally {
      for (const instance of started) await instance.end('SIGKILL')
    }
  })

  test(`${name}: a killed instance restores the tail of its changelogs and no more`, { skip }, async () => {
    using folder = new DisposableStack()
    const directory = mkdtempSync(join(tmpdir(), 'millrace-tail-'))
    folder.defer(() => rmSync(directory, { recursive: true, force: true }))
    await using broker = await startBroker()
    await using client = kafkaClient({ brokers: broker.brokers })
    await createTopics(client)
    const start = (): InstanceProcess =>
      new InstanceProcess(broker.brokers, join(directory, 'one'), JSON.stringify(options))
    const first = start()
    let second: InstanceProcess | undefined
    try {
      await waitUntil(first.isRunning)
      for (let from = 0; from < 4_000; from += 200) await placeOrders(client, from, 200)
      await waitUntil(async () => sum(await spendNow(client)) === sum(expectedSpend(4_000)))
      const placed = placeOrders(client, 4_000, 400)
      // In the middle of a transaction, or close to one.
      await new Promise((resolve) => setTimeout(resolve, 120))
      await first.end('SIGKILL')
      await placed
      const logged = await changelogRecords(client)
      second = start()
      await waitUntil(second.isRunning)
      // The first has committed ten times a second for some seconds: a commit's worth is a small part of it.
      assert.ok(second.restored < logged / 4, `${second.restored} of ${logged} records were restored`)
      await waitUntil(async () => sum(await spendNow(client)) === sum(expectedSpend(4_400)))
      assert.deepEqual(await spendNow(client), expectedSpend(4_400))
    } finally {
      await first.end('SIGKILL')
      await second?.end('SIGKILL')
    }
  })
}

/** As many offsets as the changelogs have, markers included. */
async function changelogRecords(client: KafkaClient): Promise<number> {
  const names = (await client.admin.listTopics()).map(({ name }) => name).filter((name) => name.endsWith('-changelog'))
  const asked = names.flatMap((topic) => Array.from({ length: partitions }, (_, partition) => ({ topic, partition })))
  await using consumer = client.consumer()
  return (await consumer.endOffsets(asked)).reduce((all, { offset }) => all + offset, 0)
}

function sum(totals: ReadonlyMap<string, number>): number {
  return [...totals.values()].reduce((all, total) => all + total, 0)
}
