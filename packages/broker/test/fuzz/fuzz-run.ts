import { isMillraceError, type Random, randomInt, seededRandom } from '@millrace/base'
import { VirtualClock } from '@millrace/base/internal'
import { apiByKey, decodeResponse, encodeRequest } from '@millrace/protocol'
import { BrokerCore } from '../../src/core/broker-core.ts'
import type { BrokerSession } from '../../src/core/broker-session.ts'
import { handlers } from '../../src/core/handlers/index.ts'
import type { AnyHandler } from '../../src/core/request.ts'
import { plainMechanism } from '../../src/core/security/sasl/plain.ts'
import { scramMechanism } from '../../src/core/security/sasl/scram.ts'
import type { SessionListener } from '../../src/core/security/session-listener.ts'
import { simulatedStorage } from '../../src/core/storage/simulated-storage.ts'
import { MortalProcess } from '../support/mortal.ts'
import { BrokerHealth } from './broker-health.ts'
import { damage } from './damage.ts'
import { Dictionary } from './dictionary.ts'
import { type Family, handlersOf } from './families.ts'
import { randomBody } from './random-body.ts'

/** What a seed stands for: so many frames at one broker, which is restarted on the way. */
export const framesPerSeed = 10_000

const framesPerCheck = 1_000
const framesPerRestart = 5_000
const sessionCount = 6
/** No frame may keep the broker busy for longer; processor time, because the machine has other work too. */
const frameMsMax = 2_000
/** What the broker and the run may hold above what the process had before. */
const memoryBytesMax = 400 * 1024 * 1024
/** Where the limits of a broker are wider than those of a run. */
const config = { 'max.broker.partitions': '10000' }
/** What bytes from outside may make a session throw: its connection is closed, and no other. */
const refusals = new Set([
  'PROTOCOL_MALFORMED',
  'BROKER_REQUEST_INVALID',
  'BROKER_AUTHENTICATION_FAILED',
  'BROKER_CONNECTION_DROPPED',
])

/** How far a run has come; whoever supervises it reads it from another thread. */
export interface Progress {
  at(seed: number, frame: number): void
}

export interface FuzzResult {
  readonly frames: number
  /** Frames whose bytes were damaged; the others hold hostile values in whole messages. */
  readonly damaged: number
  readonly answered: number
  /** Frames that were no request: their connection was closed. */
  readonly refused: number
  readonly restarts: number
  readonly slowest: { readonly ms: number; readonly what: string }
}

/** What a frame broke, with all that is needed to see it again. */
export class FuzzFailure extends Error {
  constructor(family: Family, seed: number, frame: number, what: string, bytes: Buffer, cause: unknown) {
    const hex = bytes.toString('hex')
    const shown = hex.length > 4_000 ? `${hex.slice(0, 4_000)}… (${bytes.length} bytes)` : hex
    const lines = [
      `seed ${seed}, frame ${frame}, ${what}: ${cause instanceof Error ? cause.stack : String(cause)}`,
      `  bytes ${shown}`,
      `  again with npm run fuzz -- --family ${family} --seed-from ${seed} --count 1`,
    ]
    super(lines.join('\n'), { cause })
  }
}

/** One seed: a broker on a simulated disk, and frames of one family that were valid requests once. */
export class FuzzRun {
  readonly #family: Family
  readonly #seed: number
  readonly #random: Random
  readonly #dictionary: Dictionary
  readonly #own: readonly AnyHandler[]
  readonly #clock = new VirtualClock(1_700_000_000_000)
  readonly #disk
  #process!: MortalProcess
  #core!: BrokerCore
  #health!: BrokerHealth
  #sessions: BrokerSession[] = []
  #frame = 0
  #bytes: Buffer = Buffer.alloc(0)
  #previous: Buffer = Buffer.alloc(0)
  #what = 'the start'
  /** Why the broker ended a connection on its own. */
  #dropped: Error | undefined
  readonly #gone = new WeakSet<BrokerSession>()
  #counts = { damaged: 0, answered: 0, refused: 0, restarts: 0 }
  #slowest = { ms: 0, what: '' }

  constructor(family: Family, seed: number) {
    this.#family = family
    this.#seed = seed
    this.#random = seededRandom(seed)
    this.#dictionary = new Dictionary(this.#random)
    this.#own = handlersOf(family)
    this.#disk = simulatedStorage({ random: this.#random })
  }

  /** Throws FuzzFailure. */
  run(progress?: Progress): FuzzResult {
    try {
      this.#start()
      this.#health = BrokerHealth.of(this.#core)
      this.#dictionary.keepSecret(this.#health.canaryId)
      const baselineBytes = memoryInUse()
      for (; this.#frame < framesPerSeed; this.#frame++) {
        progress?.at(this.#seed, this.#frame)
        this.#step()
        if (this.#frame % framesPerCheck === framesPerCheck - 1) this.#check(baselineBytes)
        if (this.#frame % framesPerRestart === framesPerRestart - 1) this.#restart()
      }
    } catch (error) {
      throw new FuzzFailure(this.#family, this.#seed, this.#frame, this.#what, this.#bytes, error)
    }
    return { frames: framesPerSeed, ...this.#counts, slowest: this.#slowest }
  }

  #start(): void {
    this.#process = new MortalProcess(this.#disk, this.#clock)
    const { storage, clock } = this.#process
    this.#core = new BrokerCore({ storage, clock, random: this.#random, config })
    this.#sessions = Array.from({ length: sessionCount }, () => this.#open())
  }

  /** In the family of security half of the connections must authenticate first. */
  #open(): BrokerSession {
    const asksWho = this.#family === 'security' && this.#dictionary.chance(0.5)
    const session = this.#core.open({
      clientHost: '10.0.0.1',
      ...(asksWho && { listener: saslListener(this.#core) }),
      onDrop: (error) => {
        this.#dropped = error
        this.#gone.add(session)
      },
    })
    return session
  }

  #step(): void {
    // What the other families do is what this one works on.
    const handler = this.#dictionary.pick(this.#dictionary.chance(0.85) ? this.#own : handlers)
    const { api, versions } = handler
    const version = versions[0] + randomInt(this.#random, versions[1] - versions[0] + 1)
    this.#what = `${api.name} v${version}`
    const body = randomBody(handler, version, this.#dictionary)
    const valid = encodeRequest({ api, version, correlationId: this.#frame, clientId: 'fuzz', body })
    const damaged = this.#dictionary.chance(0.7)
    if (damaged) this.#counts.damaged++
    this.#bytes = damaged ? damage(valid, this.#random, this.#previous) : valid
    this.#previous = valid
    const startedMs = cpuMs()
    this.#send(Buffer.from(this.#bytes))
    this.#clock.advance(this.#pauseMs())
    if (this.#dropped && !isRefusal(this.#dropped)) throw this.#dropped
    const ms = cpuMs() - startedMs
    if (ms > this.#slowest.ms) this.#slowest = { ms, what: `${this.#what}, seed ${this.#seed}, frame ${this.#frame}` }
    if (ms > frameMsMax) throw new Error(`the frame took ${Math.round(ms)} ms`)
  }

  #pauseMs(): number {
    const dice = this.#random.next()
    if (dice < 0.0001) return 400_000
    if (dice < 0.001) return 10_000
    return dice < 0.02 ? 200 : randomInt(this.#random, 3)
  }

  #send(frame: Buffer): void {
    const at = randomInt(this.#random, sessionCount)
    if (this.#gone.has(this.#sessions[at]!)) this.#reconnect(at)
    const session = this.#sessions[at]!
    const isRaw = session.authentication?.takesRawToken === true
    const leaves = this.#dictionary.chance(0.003)
    try {
      session.handle(frame, (response) => {
        if (response === undefined) return
        this.#counts.answered++
        if (!isRaw) this.#read(frame, response)
      })
    } catch (error) {
      if (!isRefusal(error)) throw error
      this.#counts.refused++
      this.#reconnect(at)
      return
    }
    if (leaves) this.#reconnect(at)
  }

  #reconnect(at: number): void {
    this.#sessions[at]!.close()
    this.#sessions[at] = this.#open()
  }

  /** Every answer must be what its version of the API says, to the request that was sent. */
  #read(frame: Buffer, response: Buffer): void {
    const apiKey = frame.readInt16BE(0)
    const asked = frame.readInt16BE(2)
    const api = apiByKey(apiKey)!
    const served = handlers.find((one) => one.api.key === apiKey)!.versions
    // KIP-511: versions from the future are answered in version 0.
    const version = asked < served[0] || asked > served[1] ? 0 : asked
    const { correlationId, body } = decodeResponse({ api, version, bytes: response })
    if (correlationId !== frame.readInt32BE(4)) throw new Error(`the answer is to request ${correlationId}`)
    this.#dictionary.learn(body)
  }

  #check(baselineBytes: number): void {
    this.#health.check(this.#core)
    const held = memoryInUse() - baselineBytes
    if (held > memoryBytesMax) throw new Error(`${Math.round(held / 1024 / 1024)} MiB are held`)
  }

  /** Whatever was sent, the broker starts again on what it left behind, and finds what it had. */
  #restart(): void {
    this.#counts.restarts++
    const killed = this.#dictionary.chance(0.5)
    this.#what = killed ? 'the start after a kill' : 'the start after a clean stop'
    const before = this.#health.remember(this.#core)
    if (killed) {
      this.#process.die()
      this.#disk.crash('kill')
    } else this.#core.close()
    this.#start()
    this.#health.compare(before, this.#core)
  }
}

function saslListener(core: BrokerCore): SessionListener {
  const mechanisms = [
    plainMechanism(new Map([['alice', 'secret']]), 60_000),
    scramMechanism('SCRAM-SHA-256', core.scram, 0),
  ]
  const sasl = { mechanisms: new Map(mechanisms.map((one) => [one.name, one])), failureDelayMs: 5 }
  return { name: 'SASL_PLAINTEXT', advertised: core.advertised, sasl }
}

function isRefusal(error: unknown): boolean {
  return isMillraceError(error) && refusals.has(error.code)
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

function memoryInUse(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
