import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type SchemaRegistryOptions, schemaRegistry } from '@millrace/registry'
import { type Intercept, serveRegistry } from './support/registry-server.ts'

const quick = { retryDelayMsMin: 1, retryDelayMsMax: 2 }
const text = { type: 'AVRO', text: '"string"', references: [] } as const

function client(urls: string | string[], options: Omit<SchemaRegistryOptions, 'urls'> = {}) {
  return schemaRegistry({ urls, limits: quick, ...options })
}

test('what a subject has been asked once is known', async () => {
  await using server = await serveRegistry()
  const registry = client(server.url)
  const id = await registry.register('a-value', text)
  assert.deepEqual(await registry.schemaById(id), text)
  assert.deepEqual(await registry.version('a-value', 'latest'), { ...text, subject: 'a-value', version: 1, id })
  assert.deepEqual(await registry.lookUp('a-value', text), { ...text, subject: 'a-value', version: 1, id })
  const requests = server.asked.map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(requests, [
    'POST /subjects/a-value/versions',
    `GET /schemas/ids/${id}`,
    'GET /subjects/a-value/versions/latest',
    'POST /subjects/a-value',
  ])
  // At hand now, not even as promises.
  assert.equal(registry.register('a-value', text), id)
  assert.deepEqual(registry.schemaById(id), text)
  assert.equal(server.asked.length, 4)
  registry.close()
})

test('a hundred who ask at once make one request, and a failure is asked for anew', async () => {
  let fails = true
  await using server = await serveRegistry(() => (fails ? { status: 404, body: { error_code: 40403 } } : undefined))
  const registry = client(server.url)
  const answers = await Promise.allSettled(Array.from({ length: 100 }, () => registry.schemaById(1)))
  assert.ok(answers.every(({ status }) => status === 'rejected'))
  assert.equal(server.asked.length, 1)
  fails = false
  await registry.register('a-value', text)
  assert.deepEqual(await registry.schemaById(1), text)
})

test('a subject with slashes and blanks, and normalisation, stand in the URL', async () => {
  await using server = await serveRegistry()
  await client(`${server.url}/`).register(':.ctx:a/b c', text, { normalize: true })
  assert.equal(server.asked[0]!.path, '/subjects/%3A.ctx%3Aa%2Fb%20c/versions?normalize=true')
})

test('Avro says nothing of its type, the others do', async () => {
  await using server = await serveRegistry()
  const registry = client(server.url)
  await registry.register('a', text)
  const id = await registry.register('b', { ...text, type: 'JSON', text: '{}' })
  assert.equal((await client(server.url).schemaById(id)).type, 'JSON')
  assert.equal((await client(server.url).version('a', 1)).type, 'AVRO')
})

for (const [what, auth, expected] of [
  ['a name and a password', { username: 'ann', password: 'p:w' }, `Basic ${Buffer.from('ann:p:w').toString('base64')}`],
  ['a token', { token: 't1' }, 'Bearer t1'],
  ['a token that is fetched', { token: async () => 't2' }, 'Bearer t2'],
] as const) {
  test(`${what} goes along with every request`, async () => {
    await using server = await serveRegistry()
    await client(server.url, { auth }).register('a', text)
    assert.equal(server.asked[0]!.headers.authorization, expected)
  })
}

test('a URL may hold the credentials', async () => {
  await using server = await serveRegistry()
  await client(server.url.replace('://', '://ann:p%40w@')).register('a', text)
  assert.equal(server.asked[0]!.headers.authorization, `Basic ${Buffer.from('ann:p@w').toString('base64')}`)
})

test('TLS: who signs for the registry is trusted, nobody else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-registry-'))
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  spawnSync('openssl', [
    ...made,
    '-keyout',
    key,
    '-out',
    cert,
    '-subj',
    '/CN=r',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
  ])
  const pem = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  rmSync(folder, { recursive: true })
  await using server = await serveRegistry(undefined, pem)
  assert.equal(await client(server.url, { tls: { ca: pem.cert } }).register('a', text), 1)
  const stranger = client(server.url, { limits: { ...quick, maxAttempts: 1 } })
  await assert.rejects(async () => stranger.register('a', text), {
    code: 'REGISTRY_UNREACHABLE',
    message: /self-signed/,
  })
})

test('of several URLs the next one is asked, and the one that answered first from then on', async () => {
  await using dead = await serveRegistry(() => ({ status: 500 }))
  await using server = await serveRegistry()
  const registry = client([dead.url, server.url])
  await registry.register('a', text)
  await registry.register('b', text)
  assert.deepEqual([dead.asked.length, server.asked.length], [1, 2])
})

for (const status of [429, 500, 503]) {
  test(`status ${status} is tried again, and given up after the last attempt`, async () => {
    let failing = 2
    const intercept: Intercept = () => (failing-- > 0 ? { status, body: '<html>' } : undefined)
    await using server = await serveRegistry(intercept)
    assert.equal(await client(server.url).register('a', text), 1)
    failing = 100
    const impatient = client(server.url, { limits: { ...quick, maxAttempts: 3 } })
    const before = server.asked.length
    await assert.rejects(async () => impatient.register('b', text), { code: 'REGISTRY_UNREACHABLE', retriable: true })
    assert.equal(server.asked.length - before, 3)
  })
}

test('a registry that does not answer in time is unreachable', async () => {
  await using server = await serveRegistry(() => new Promise(() => {}))
  const registry = client(server.url, { limits: { ...quick, requestTimeoutMs: 30, maxAttempts: 2 } })
  await assert.rejects(async () => registry.schemaById(1), { code: 'REGISTRY_UNREACHABLE' })
})

for (const [status, body, code] of [
  [401, { error_code: 401 }, 'REGISTRY_UNAUTHORIZED'],
  [403, { error_code: 40301, message: 'User is denied operation Write' }, 'REGISTRY_UNAUTHORIZED'],
  [404, { error_code: 40401, message: "Subject 'a' not found." }, 'REGISTRY_SUBJECT_NOT_FOUND'],
  [404, { error_code: 40402, message: 'Version not found.' }, 'REGISTRY_SUBJECT_NOT_FOUND'],
  [404, { error_code: 40403, message: 'Schema not found' }, 'REGISTRY_SCHEMA_NOT_FOUND'],
  [404, '<html>nothing here</html>', 'REGISTRY_REQUEST_REFUSED'],
  [409, { error_code: 409, message: 'incompatible with an earlier schema' }, 'REGISTRY_INCOMPATIBLE'],
  [422, { error_code: 42201, message: 'Invalid schema' }, 'REGISTRY_INVALID_SCHEMA'],
  [200, '<html>a proxy</html>', 'REGISTRY_REQUEST_REFUSED'],
  [200, {}, 'REGISTRY_REQUEST_REFUSED'],
] as const) {
  test(`status ${status} with ${JSON.stringify(body)} is ${code}, and not tried again`, async () => {
    await using server = await serveRegistry(() => ({ status, body }))
    await assert.rejects(async () => client(server.url).register('a', text), { code, retriable: false })
    assert.equal(server.asked.length, 1)
  })
}

test('an id that cannot stand in front of a value is none', async () => {
  for (const id of [2 ** 31, -1, 1.5]) {
    await using server = await serveRegistry(() => ({ status: 200, body: { id, schema: '"string"', version: 1 } }))
    const registry = client(server.url)
    await assert.rejects(async () => registry.register('a', text), { code: 'REGISTRY_REQUEST_REFUSED' })
    await assert.rejects(async () => registry.version('a', 1), { code: 'REGISTRY_REQUEST_REFUSED' })
    registry.close()
  }
})

test('options that cannot be meant are refused, without showing the URL', () => {
  assert.throws(
    () => schemaRegistry({ urls: 'ann:secret@host' }),
    (error: Error) => !error.message.includes('secret'),
  )
  assert.throws(() => schemaRegistry({ urls: [] }), { code: 'CONFIG_INVALID_OPTION' })
  assert.throws(() => schemaRegistry({} as never), { code: 'CONFIG_MISSING_OPTION' })
  assert.throws(() => schemaRegistry({ urls: 'mock://a', serdes: { autoRegister: true } as never }), {
    code: 'CONFIG_UNKNOWN_OPTION',
  })
})
