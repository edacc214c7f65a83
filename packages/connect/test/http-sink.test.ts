import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import { httpSink, runSink } from '../src/index.ts'
import { type Answer, type HttpService, startHttpService } from './support/http-service.ts'
import { redrivenFor, SinkDriver } from './support/sink-driver.ts'
import { eventually } from './support/topic-reader.ts'

const order = topic('order', { key: serdes.string, value: serdes.json<{ n: number }>() })

describe('the HTTP sink', () => {
  const services: HttpService[] = []

  afterEach(async () => {
    for (const running of services.splice(0)) await running.close()
  })

  async function service(answer?: Answer): Promise<HttpService> {
    const started = await startHttpService(answer)
    services.push(started)
    return started
  }

  test('sends each record to its address, in order, and deletes on a tombstone', async () => {
    const { url, accepted } = await service()
    const headers = { authorization: 'Bearer secret' }
    const connector = httpSink(order, { url: `${url}/orders/{key}`, method: 'PUT', onTombstone: 'delete', headers })
    await using driver = await SinkDriver.open(connector)
    await driver.put([
      { key: 'a/b', value: { n: 1 } },
      { key: 'c', value: { n: 2 } },
      { key: 'a/b', value: null },
      { value: { n: 3 } },
    ])
    assert.deepEqual(
      accepted.map(({ method, url: path, body, authorization }) => [method, path, body, authorization]),
      [
        ['PUT', '/orders/a%2Fb', { n: 1 }, 'Bearer secret'],
        ['PUT', '/orders/c', { n: 2 }, 'Bearer secret'],
        ['DELETE', '/orders/a%2Fb', undefined, 'Bearer secret'],
      ],
    )
    assert.deepEqual(driver.takeDeadLetters(), [[3, 'a record without key has no url']])
  })

  test('of a batch that the service refuses only the record that it refuses is set aside', async () => {
    const { url, accepted } = await service(({ body }) =>
      (body as { n: number }[]).some(({ n }) => n === 5) ? 422 : 201,
    )
    const connector = httpSink(order, { url, limits: { maxBatchRecords: 4 } })
    await using driver = await SinkDriver.open(connector)
    await driver.put(Array.from({ length: 10 }, (_, n) => ({ key: 'k', value: { n } })))
    assert.deepEqual(
      accepted.flatMap(({ body }) => (body as { n: number }[]).map(({ n }) => n)),
      [0, 1, 2, 3, 4, 6, 7, 8, 9],
    )
    assert.deepEqual(driver.takeDeadLetters(), [[5, 'the service answered 422: because']])
  })

  test('an outage is waited for, a wrong address or password is told, and no address shows its password', async () => {
    for (const [answer, code] of [
      [503, 'DATABASE_UNAVAILABLE'],
      [429, 'DATABASE_UNAVAILABLE'],
      ['cut', 'DATABASE_UNAVAILABLE'],
      [401, 'DATABASE_ACCESS_DENIED'],
      [404, 'DATABASE_STATEMENT_FAILED'],
    ] as const) {
      const { url } = await service(() => answer)
      await using driver = await SinkDriver.open(httpSink(order, { url: `${url}/?token=secret` }))
      await assert.rejects(driver.put([{ key: 'a', value: { n: 1 } }]), (error: Error & { code: string }) => {
        assert.equal(error.code, code)
        assert.doesNotMatch(error.message, /secret/)
        return true
      })
      driver.noDeadLetters()
    }
  })

  test('a redirection is told and not followed, since what answers there has not taken the record', async () => {
    const elsewhere = await service()
    const { url } = await service(() => ({ status: 302, location: `${elsewhere.url}/login?token=secret` }))
    await using driver = await SinkDriver.open(httpSink(order, { url, headers: { 'x-api-key': 'k' } }))
    await assert.rejects(driver.put([{ key: 'a', value: { n: 1 } }]), (error: Error) => {
      assert.match(error.message, /answered with 302 and sends elsewhere, to http:\/\/127.0.0.1:\d+\/login;/)
      return (error as { code?: string }).code === 'DATABASE_STATEMENT_FAILED'
    })
    assert.deepEqual(elsewhere.accepted, [])
    driver.noDeadLetters()
  })

  test('a key that would make the address that of another thing is a bad record', async () => {
    const { url, accepted } = await service()
    const connector = httpSink(order, { url: `${url}/v1/orders/{key}`, method: 'PUT', onTombstone: 'delete' })
    await using driver = await SinkDriver.open(connector)
    const keys = ['..', '.', '', '%2e%2e', 'a/../..', '...', 'a.b', '?', '#']
    for (const value of [null, { n: 1 }]) await driver.put(keys.map((key) => ({ key, value })))
    const taken = ['%252e%252e', 'a%2F..%2F..', '...', 'a.b', '%3F', '%23'].map((key) => `/v1/orders/${key}`)
    assert.deepEqual(
      accepted.map((request) => request.url),
      [...taken, ...taken],
    )
    const refused = driver.takeDeadLetters()
    assert.deepEqual(
      refused.map(([offset]) => offset),
      [0, 1, 2, 9, 10, 11],
    )
    assert.match(refused[0]![1], /"\.\." would change the address/)
    await using query = await SinkDriver.open(httpSink(order, { url: `${url}/orders?id={key}` }))
    await query.put([
      { key: '', value: { n: 1 } },
      { key: '..', value: { n: 1 } },
    ])
    query.noDeadLetters()
  })

  test('what came back for another application is not sent', async () => {
    const { url, accepted } = await service()
    await using driver = await SinkDriver.open(httpSink(order, { name: 'mine', url }))
    await driver.put([
      { value: { n: 1 }, headers: redrivenFor('other', order.name) },
      { value: { n: 2 }, headers: redrivenFor('mine', order.name) },
    ])
    assert.deepEqual(
      accepted.map(({ body }) => body),
      [{ n: 2 }],
    )
    driver.noDeadLetters()
  })

  test('what may have arrived comes again with the same idempotency key', async () => {
    const { url, all } = await service((_, count) => (count === 2 ? 'cut' : 200))
    await using driver = await SinkDriver.open(httpSink(order, { url }))
    const records = [
      { key: 'a', value: { n: 1 } },
      { key: 'a', value: { n: 2 } },
    ]
    await assert.rejects(driver.put(records), { code: 'DATABASE_UNAVAILABLE' })
    await driver.put(records)
    const keys = all.map(({ idempotencyKey }) => idempotencyKey)
    assert.deepEqual(keys.slice(0, 2), keys.slice(2))
    assert.equal(new Set(keys).size, 2)
  })

  test('goes on from where its group stands', async () => {
    const { url, accepted } = await service()
    await using broker = await startBroker({ memory: true })
    await using client = kafkaClient({ brokers: broker.brokers })
    await client.admin.createTopics([{ name: order.name, partitions: 1 }])
    const producer = client.producer({})
    for (const part of [0, 1]) {
      for (let i = 0; i < 5; i++) {
        await producer.send({ topic: order.name, key: Buffer.from('k'), value: Buffer.from(`{"n":${5 * part + i}}`) })
      }
      const running = runSink(httpSink(order, { url }), { client })
      await eventually('all of them are sent', () => (accepted.length >= 5 * (part + 1) ? true : undefined))
      await running.close()
    }
    assert.deepEqual(
      accepted.map(({ body }) => (body as { n: number }).n),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    )
  })
})
