import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permits } from './permits.ts'

test('no more than the permitted number run, the others in the order they came, also after failures', async () => {
  const permits = new Permits(2)
  const order: number[] = []
  let running = 0
  let most = 0
  const work = (n: number) => async (): Promise<void> => {
    order.push(n)
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running -= 1
    if (n % 2 === 0) throw new Error('even')
  }
  const results = await Promise.allSettled([0, 1, 2, 3, 4, 5].map((n) => permits.run(work(n))))
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5])
  assert.equal(most, 2)
  assert.deepEqual(
    results.map(({ status }) => status === 'fulfilled'),
    [false, true, false, true, false, true],
  )
})
