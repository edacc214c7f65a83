// Every kind of listener that docs/guides/secure-the-broker.md sets up, through the real command line.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type Broker, startBroker } from '@millrace/broker'
import { type Authority, authority } from '../../broker/test/support/certificates.ts'
import { type Issuer, issuer } from '../../broker/test/support/issuer.ts'
import { millrace, type Outcome, Project, refusal } from './support/command-line.ts'

let ca: Authority
let tokens: Issuer
let project: Project
let broker: Broker
before(async () => {
  ;[ca, tokens, project] = await Promise.all([authority(), issuer(), Project.create()])
  const [server, alice] = await Promise.all([ca.server(), ca.client([['CN', 'alice']])])
  await project.write({
    'jwks.json': tokens.jwks,
    'ca.pem': ca.cert,
    'alice.pem': alice.key + alice.cert,
    'alice-key.pem': alice.key,
    'alice-cert.pem': alice.cert,
    token: `${await tokens.token()}\n`,
  })
  broker = await startBroker({
    memory: true,
    worker: false,
    users: { admin: 'first' },
    config: {
      listeners: 'SCRAM://127.0.0.1:0,TOKEN://127.0.0.1:0,CERT://127.0.0.1:0',
      'listener.security.protocol.map': 'SCRAM:SASL_SSL,TOKEN:SASL_SSL,CERT:SSL',
      'listener.name.scram.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
      'listener.name.token.sasl.enabled.mechanisms': 'OAUTHBEARER',
      'sasl.oauthbearer.jwks.endpoint.url': pathToFileURL(project.path('jwks.json')).href,
      'listener.name.cert.ssl.client.auth': 'required',
      'ssl.keystore.key': server.key,
      'ssl.keystore.certificate.chain': server.cert,
      'ssl.truststore.certificates': ca.cert,
    },
  })
})
after(async () => {
  await broker.close()
  await project[Symbol.asyncDispose]()
})

function list(listener: string, ...flags: string[]): Promise<Outcome> {
  const port = broker.endpoints.find((endpoint) => endpoint.listener === listener)?.port
  const args = ['topics', 'list', '--json', '--brokers', `127.0.0.1:${port}`, ...flags]
  return millrace(args, { cwd: project.folder, environment: { MILLRACE_KAFKA_PASSWORD: 'first' } })
}

const tls = ['--tls', '--ca', 'ca.pem']

test('a password, a certificate in one file and in two, and a token are let in', async () => {
  const outcomes = await Promise.all([
    list('SCRAM', ...tls, '--login', 'admin'),
    list('CERT', ...tls, '--cert', 'alice.pem'),
    list('CERT', ...tls, '--cert', 'alice-cert.pem', '--cert-key', 'alice-key.pem'),
    list('TOKEN', ...tls, '--mechanism', 'OAUTHBEARER', '--token-file', 'token'),
  ])
  for (const { status, stdout, stderr } of outcomes) {
    assert.equal(status, 0, stderr)
    assert.deepEqual(JSON.parse(stdout), [])
  }
})

test('without what the listener asks for the remedy names the flag', async () => {
  const [noCertificate, noAuthority] = await Promise.all([list('CERT', ...tls), list('SCRAM', '--tls')])
  assert.equal(refusal(noCertificate, 'KAFKA_TLS_FAILED'), undefined)
  assert.match(noCertificate.stderr, /remedy .*`--cert`/)
  assert.equal(refusal(noAuthority, 'KAFKA_TLS_FAILED'), undefined)
  assert.match(noAuthority.stderr, /remedy .*`--ca`/)
})

test('flags that do not go together are refused', async () => {
  const wrong = [
    ['--cert', 'alice.pem'],
    ['--tls', '--cert-key', 'alice-key.pem'],
    ['--mechanism', 'OAUTHBEARER'],
    ['--token-file', 'token'],
    [...tls, '--cert', 'nowhere.pem'],
  ]
  const outcomes = await Promise.all(wrong.map((flags) => list('CERT', ...flags)))
  for (const [index, outcome] of outcomes.entries()) {
    assert.equal(refusal(outcome, 'USAGE'), undefined, wrong[index]?.join(' '))
  }
})
