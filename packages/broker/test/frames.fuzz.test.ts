import assert from 'node:assert/strict'
import test from 'node:test'
import { isMillraceError, type Random, randomInt, seededRandom } from '@millrace/base'
import { encodeRequest } from '@millrace/protocol'
import { handlers } from '../src/core/handlers/index.ts'
import { createTopic, testCore } from './support/core-client.ts'
import { batch, readAll } from './support/records.ts'
import { fetchBody, fetchNow, produce } from './support/requests.ts'

const seeds = Number(process.env.FUZZ_SEEDS ?? 20)
const firstSeed = Number(process.env.FUZZ_SEED_FROM ?? 1)
const framesPerSeed = 300

/** Requests with something in them, for the APIs that carry data. */
function bodyFor(apiKey: number): Record<string, unknown> {
  const records = batch([{ key: 'k', value: 'v' }], { compression: 'gzip' })
  if (apiKey === 0)
    return { acks: -1, timeoutMs: 10, topicData: [{ name: 'order', partitionData: [{ index: 0, records }] }] }
  if (apiKey === 1) return fetchBody('order', 0)
  if (apiKey === 19) return { topics: [{ name: 'made', numPartitions: 1, replicationFactor: 1 }] }
  return {}
}

function mutate(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes)
  const kind = randomInt(random, 4)
  if (kind === 0) return copy.subarray(0, randomInt(random, copy.length))
  if (kind === 1) return Buffer.concat([copy, Buffer.alloc(randomInt(random, 20), randomInt(random, 256))])
  const flips = 1 + randomInt(random, 4)
  for (let flip = 0; flip < flips; flip++) {
    // Key and version stay, so that the mutation reaches the handler.
    const at = Math.min(copy.length - 1, 8 + randomInt(random, Math.max(1, copy.length - 8)))
    copy[at] = kind === 2 ? randomInt(random, 256) : [0, 0x7f, 0x80, 0xff][randomInt(random, 4)]!
  }
  return copy
}

for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
  test(`mutated requests are answered or refused, and the broker goes on (seed ${seed})`, () => {
    const random = seededRandom(seed)
    const { core, client, clock } = testCore({ random: seededRandom(seed) })
    createTopic(client, 'order')
    for (let frame = 0; frame < framesPerSeed; frame++) {
      const { api, versions } = handlers[randomInt(random, handlers.length)]!
      const version = versions[0] + randomInt(random, versions[1] - versions[0] + 1)
      const body = version >= 13 || api.key > 1 ? {} : bodyFor(api.key)
      const bytes = mutate(encodeRequest({ api, version, correlationId: frame, clientId: 'fuzz', body }), random)
      const session = core.open({ clientHost: 'fuzz' })
      try {
        session.handle(bytes, () => {})
      } catch (error) {
        assert.ok(isMillraceError(error), `${api.name} v${version} ${bytes.toString('hex')}: ${(error as Error).stack}`)
      }
      clock.advance(10)
      session.close()
    }
    createTopic(client, 'after')
    assert.equal(produce(client, 'after', batch([{ value: 'alive' }])).errorCode, 0)
    assert.deepEqual(readAll(fetchNow(client, 'after', 0).records), [[0, 'alive']])
  })
}
