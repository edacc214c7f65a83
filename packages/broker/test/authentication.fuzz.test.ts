import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, randomInt, seededRandom } from '@millrace/base'
import { VirtualClock } from '@millrace/base/internal'
import { apis, decodeResponse, ErrorCode, encodeRequest, type MessageInput, type MessageType } from '@millrace/protocol'
import { plainMechanism } from '../src/core/security/sasl/plain.ts'
import type { SaslMechanism } from '../src/core/security/sasl/sasl-exchange.ts'
import { testCore } from './support/core-client.ts'

const runs = 300
const stepsPerRun = 40
const lifetimeMs = 5000
const failureDelayMs = 100

interface Api<Request, Response> {
  readonly key: number
  readonly name: string
  readonly request: MessageType<Request>
  readonly response: MessageType<Response>
}

/** Says yes or no after a while, as an issuer of tokens that must be asked. */
function slowMechanism(clock: VirtualClock): SaslMechanism {
  return {
    name: 'SLOW',
    maxReauthMs: lifetimeMs,
    begin: () => ({
      step(token, done) {
        const [name, verdict] = token.toString().split(':') as [string, string]
        const bytes = Buffer.alloc(0)
        clock.after(50, () =>
          done(verdict === 'yes' ? { kind: 'authenticated', name, bytes } : { kind: 'refused', reason: 'no' }),
        )
      },
    }),
  }
}

/** What a session should be, told from what was asked and when. */
interface Model {
  state: 'open' | 'exchange' | 'authenticated' | 'closed'
  mechanism: 'PLAIN' | 'SLOW' | undefined
  /** Of the exchange that is under way. */
  asked: 'PLAIN' | 'SLOW' | undefined
  user: string | undefined
  expiresAtMs: number
  beganAgainMs: number
}

class Run {
  readonly clock = new VirtualClock(1_700_000_000_000)
  readonly random: Random
  readonly model: Model = {
    state: 'open',
    mechanism: undefined,
    asked: undefined,
    user: undefined,
    expiresAtMs: 0,
    beganAgainMs: Number.NEGATIVE_INFINITY,
  }
  readonly #core = testCore({ clock: this.clock }).core
  /** When the last answer came: a mechanism that had to ask takes its time, and the session begins then. */
  answeredAtMs = 0
  #ended = false
  readonly #session

  constructor(seed: number) {
    this.random = seededRandom(seed)
    const users = new Map([
      ['alice', 'a'],
      ['bob', 'b'],
    ])
    const mechanisms = [plainMechanism(users, lifetimeMs), slowMechanism(this.clock)]
    const sasl = { mechanisms: new Map(mechanisms.map((one) => [one.name, one])), failureDelayMs }
    this.#session = this.#core.open({
      clientHost: '127.0.0.1',
      listener: { name: 'SASL', advertised: { host: 'h', port: 1 }, sasl },
      onEnd: () => {
        this.#ended = true
      },
    })
  }

  /** The answer, or that the connection has closed; waits as long as either takes. */
  ask<Request, Response>(
    api: Api<Request, Response>,
    version: number,
    body: MessageInput<Request>,
  ): Response | 'closed' {
    let answer: Response | undefined
    const bytes = encodeRequest({ api, version, correlationId: 1, clientId: null, body })
    try {
      this.#session.handle(bytes, (response) => {
        answer = decodeResponse({ api, version, bytes: response! }).body
        this.answeredAtMs = this.clock.now()
      })
    } catch {
      this.#ended = true
    }
    if (answer === undefined && !this.#ended) this.clock.advance(failureDelayMs + 50)
    if (answer === undefined) assert.ok(this.#ended, `${api.name} was never answered`)
    return answer ?? 'closed'
  }

  get ended(): boolean {
    return this.#ended
  }

  get principal(): string {
    return this.#session.principal.name
  }

  get isExpired(): boolean {
    return this.model.state === 'authenticated' && this.clock.now() > this.model.expiresAtMs
  }
}

function close(run: Run): void {
  run.model.state = 'closed'
}

/** A request that is not SASL: served when and only when the model says that the session is good. */
function other(run: Run): void {
  const served = run.model.state === 'authenticated' && !run.isExpired
  const answer = run.ask(apis.Metadata, 12, { topics: [] })
  assert.equal(answer !== 'closed', served)
  if (!served) close(run)
}

function versions(run: Run): void {
  const served = run.model.state === 'open' || (run.model.state === 'authenticated' && !run.isExpired)
  assert.equal(run.ask(apis.ApiVersions, 0, {}) !== 'closed', served)
  if (!served) close(run)
}

function handshake(run: Run): void {
  const { model, random, clock } = run
  const mechanism = (['PLAIN', 'SLOW', 'GSSAPI'] as const)[randomInt(random, 3)]!
  const answer = run.ask(apis.SaslHandshake, 1, { mechanism })
  assert.notEqual(answer, 'closed')
  const { errorCode } = answer as { errorCode: number }
  const tooSoon = model.state === 'authenticated' && clock.now() - model.beganAgainMs < 1000
  if (model.state === 'exchange') {
    assert.equal(errorCode, ErrorCode.ILLEGAL_SASL_STATE)
    close(run)
  } else if (tooSoon) {
    assert.equal(errorCode, ErrorCode.ILLEGAL_SASL_STATE)
  } else if (mechanism === 'GSSAPI') {
    assert.equal(errorCode, ErrorCode.UNSUPPORTED_SASL_MECHANISM)
    close(run)
  } else {
    assert.equal(errorCode, ErrorCode.NONE)
    if (model.state === 'authenticated') model.beganAgainMs = clock.now()
    model.state = 'exchange'
    model.asked = mechanism
  }
}

function token(run: Run): void {
  const { model, random } = run
  const user = ['alice', 'bob'][randomInt(random, 2)]!
  const right = randomInt(random, 4) > 0
  const plain = `\0${user}\0${right ? user[0] : 'wrong'}`
  const text = model.asked === 'SLOW' ? `${user}:${right ? 'yes' : 'no'}` : plain
  const late = model.state === 'authenticated'
  const expired = run.isExpired
  const answer = run.ask(apis.SaslAuthenticate, 2, { authBytes: Buffer.from(text) })
  if (expired) {
    assert.equal(answer, 'closed')
    close(run)
    return
  }
  assert.notEqual(answer, 'closed')
  const { errorCode, sessionLifetimeMs } = answer as { errorCode: number; sessionLifetimeMs: number }
  if (late) {
    assert.equal(errorCode, ErrorCode.ILLEGAL_SASL_STATE)
    return
  }
  if (model.state === 'open') {
    assert.equal(errorCode, ErrorCode.ILLEGAL_SASL_STATE)
    close(run)
    return
  }
  const sameMechanism = model.mechanism === undefined || model.mechanism === model.asked
  const sameUser = model.user === undefined || model.user === user
  const good = right && sameMechanism && sameUser
  assert.equal(errorCode, good ? ErrorCode.NONE : ErrorCode.SASL_AUTHENTICATION_FAILED)
  if (!good) {
    close(run)
    return
  }
  assert.equal(sessionLifetimeMs, lifetimeMs)
  model.expiresAtMs = run.answeredAtMs + lifetimeMs
  Object.assign(model, { state: 'authenticated', mechanism: model.asked, user, asked: undefined })
}

function wait(run: Run): void {
  run.clock.advance(randomInt(run.random, 3000))
}

for (const seed of [1, 2, 3]) {
  test(`whatever clients send, sessions are what they have proven to be (seed ${seed})`, () => {
    const reached = new Set<string>()
    for (let index = 0; index < runs; index++) {
      const run = new Run(seed * 1_000_003 + index)
      for (let count = 0; count < stepsPerRun && run.model.state !== 'closed'; count++) {
        // Who proves itself properly gets further: most steps are the one that fits.
        const fits = { open: handshake, exchange: token, authenticated: wait, closed: wait }[run.model.state]
        const steps = [fits, fits, fits, fits, fits, fits, handshake, token, versions, other, wait]
        const step = steps[randomInt(run.random, steps.length)]!
        const before = `${run.model.state}${run.isExpired ? ' expired' : ''}${run.model.user ? ' again' : ''}`
        reached.add(`${before}: ${step.name}`)
        step(run)
        assert.equal(run.principal, run.model.user ?? 'ANONYMOUS')
      }
      if (run.model.state === 'closed') {
        run.clock.advance(failureDelayMs + 50)
        assert.ok(run.ended)
      }
    }
    // Every kind of step in every state, or the test has become blind.
    for (const state of ['open', 'exchange', 'exchange again', 'authenticated again', 'authenticated expired again']) {
      for (const step of ['handshake', 'token', 'versions', 'other', 'wait']) {
        assert.ok(reached.has(`${state}: ${step}`), `${state}: ${step}`)
      }
    }
  })
}
