import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prepare, serdes, topic, whenReady } from './index.ts'
import { isNotReady, keyToText, notReady, valueFromJson, valueToJson } from './internal.ts'
import type { Serde } from './serde.ts'

/** Lacks what it needs until `come` is called. */
function lacking() {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let isHere = false
  const work = (): string => {
    if (!isHere) throw notReady('it is on its way', promise)
    return 'done'
  }
  const come = (): void => {
    isHere = true
    resolve()
  }
  return { work, come, reject }
}

test('work that has what it needs is done at once, without a promise', () => {
  assert.equal(
    whenReady(() => 5),
    5,
  )
})

test('work that lacks something waits for it, also where it is asynchronous itself', async () => {
  for (const asynchronous of [false, true]) {
    const { work, come } = lacking()
    const done = whenReady<string | Promise<string>>(asynchronous ? async () => work() : work)
    assert.ok(done instanceof Promise)
    setTimeout(come, 5)
    assert.equal(await done, 'done')
  }
})

test('what never comes is the failure of who waits', async () => {
  const { work, reject } = lacking()
  const done = whenReady(work)
  reject(new Error('refused'))
  await assert.rejects(async () => done, { message: 'refused' })
})

test('other failures pass through', async () => {
  const fail = (): never => {
    throw new Error('other')
  }
  assert.throws(() => whenReady(fail), { message: 'other' })
  await assert.rejects(async () => whenReady(async () => fail()), { message: 'other' })
  assert.equal(isNotReady(new Error('other')), false)
})

test('a contract asks its serdes for the form of its topic, and prepares both', async () => {
  const asked: string[] = []
  const own = (where: string): Serde<string> => ({
    ...serdes.string,
    name: where,
    forTopic: (name, role) => own(`${name}/${role}`),
    prepare: async () => void asked.push(where),
  })
  const contract = topic('orders', { key: own('none'), value: own('none') })
  assert.deepEqual([contract.key.name, contract.value.name], ['orders/key', 'orders/value'])
  await prepare(contract, topic('plain', { key: serdes.string, value: serdes.string }))
  assert.deepEqual(asked, ['orders/key', 'orders/value'])
})

test('a serde says how its values look in JSON', () => {
  const pairs: Serde<[string, number], never> = {
    name: 'pair',
    serialize: () => Buffer.of(),
    deserialize: (bytes) => ['n', bytes[0]!],
    json: { toJson: ([name, n]) => ({ [name]: n }), fromJson: (json) => ['n', (json as { n: number }).n] },
  }
  assert.deepEqual(valueToJson(pairs, Buffer.of(7)), { n: 7 })
  assert.deepEqual(valueFromJson(pairs, { n: 8 }), ['n', 8])
  assert.equal(keyToText(pairs, Buffer.of(7)), '{"n":7}')
})
