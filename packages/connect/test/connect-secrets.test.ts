import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import { builtInPlugins } from '../src/plugins.ts'
import { ConnectWorker } from '../src/runtime/worker/connect-worker.ts'
import { eventually, readTopic } from './support/topic-reader.ts'

const secret = 's3cr3t-path'

test('a secret is in no topic of the worker, no status and no answer, also where it is what is wrong', async () => {
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const folder = await mkdtemp(join(tmpdir(), 'connect-secrets-'))
  const file = join(folder, 'secrets.properties')
  await writeFile(file, `path=${join(folder, secret)}\n`)
  const defaults = { 'config.providers': 'file', 'config.providers.file.class': 'FileConfigProvider' }
  const reference = `\${file:${file}:path}`
  const config = { 'connector.class': 'FileStreamSource', file: reference, topic: 'lines' }
  {
    await using worker = await ConnectWorker.start({ client, plugins: builtInPlugins, groupId: 'secrets', defaults })
    const valid = await worker.validate('FileStreamSource', { ...config, name: 'lines' })
    assert.equal(valid.error_count, 0)
    const wrong = await worker.validate('FileStreamSource', { ...config, name: 'lines', 'batch.size': reference })
    const errors = wrong.configs.flatMap(({ value }) => value.errors)
    assert.deepEqual(errors, [
      `Invalid value ${reference} for configuration batch.size: what it refers to is not allowed`,
    ])
    await worker.create('lines', config)
    // There is no such file, and the error of the file system names it.
    const trace = await eventually('a trace', () => worker.status('lines').tasks[0]?.trace)
    assert.match(trace, /\[hidden\]/)
    await eventually('the trace in the status topic', async () => {
      const statuses = await readTopic(client, 'secrets-status').catch(() => [])
      return statuses.some(({ value }) => value?.includes('[hidden]')) ? true : undefined
    })
    const topics = ['secrets-configs', 'secrets-status'].map((topic) => readTopic(client, topic))
    const stored = JSON.stringify((await Promise.all(topics)).flat().map(({ key, value }) => [key, value]))
    assert.ok(stored.includes(JSON.stringify(reference).slice(1, -1).replaceAll('"', '\\"')))
    const shown = [valid, wrong, worker.info('lines'), worker.status('lines'), worker.details('lines'), stored]
    assert.deepEqual(
      shown.map((each) => JSON.stringify(each).includes(secret)),
      shown.map(() => false),
    )
    const lost = { ...config, file: `\${file:${file}:none}` }
    await assert.rejects(worker.create('others', lost), { code: 'CONNECT_SECRET_MISSING', message: /no key none/ })
  }
  await rm(folder, { recursive: true })
})
