import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { kafkaClient } from '@millrace/kafka'
import type { StartStreamsOptions } from '@millrace/streams'
import type { BrokerSuite } from './broker-suite.ts'
import { waitUntil } from './kafka.ts'
import { createTopics, expectedSpend, placeOrders, spendNow, spendUpdates } from './orders.ts'

const script = fileURLToPath(new URL('./instance-process.ts', import.meta.url))

class InstanceProcess {
  readonly #child: ChildProcess
  #state = ''

  constructor(brokers: string, stateDir: string, options: string) {
    this.#child = spawn(process.execPath, ['--conditions=source', script, brokers, stateDir, options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#child.stdout!.on('data', (bytes: Buffer) => {
      this.#state = bytes.toString().trim().split('\n').at(-1) ?? ''
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
}

function sum(totals: ReadonlyMap<string, number>): number {
  return [...totals.values()].reduce((all, total) => all + total, 0)
}
