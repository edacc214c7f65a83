// Many consumers with nothing to read, as light as they go: each holds a fetch session of one partition with a long poll after the
// other, and the membership of a group of its own with a heartbeat every three seconds. What Kafka's defaults make a consumer do.
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type Api, apis, decodeResponse, ErrorCode, encodeRequest, type MessageInput } from '@millrace/protocol'
import { drive } from './driver.ts'

const [brokers = '', topic = '', consumers = '', partitions = '', seconds = ''] = process.argv.slice(2)
const maxWaitMs = 500
const heartbeatIntervalMs = 3_000
const joinedAtOnce = 50
const retryMs = 100

let fetches = 0
let heartbeats = 0
let unexpected = 0

/** One request at a time. */
class Requests {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #onFrame: (frame: Buffer) => void = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
      if (this.#received.length < 4 || this.#received.length < 4 + this.#received.readInt32BE(0)) return
      const frame = this.#received.subarray(4)
      this.#received = Buffer.alloc(0)
      this.#onFrame(frame)
    })
  }

  static open(): Promise<Requests> {
    const [host = '', port = ''] = brokers.split(':')
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port), noDelay: true }, () => resolve(new Requests(socket)))
      socket.once('error', reject)
    })
  }

  call<Request, Response>(
    api: Api<Request, Response>,
    version: number,
    body: MessageInput<Request>,
  ): Promise<Response> {
    const request = encodeRequest({ api, version, correlationId: 1, clientId: 'idle', body })
    const framed = Buffer.allocUnsafe(4 + request.length)
    framed.writeInt32BE(request.length, 0)
    request.copy(framed, 4)
    return new Promise((resolve) => {
      this.#onFrame = (bytes) => resolve(decodeResponse({ api, version, bytes }).body)
      this.#socket.write(framed)
    })
  }
}

async function join(requests: Requests, groupId: string): Promise<{ generationId: number; memberId: string }> {
  const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }]
  const wanted = { groupId, sessionTimeoutMs: 45_000, rebalanceTimeoutMs: 60_000, protocolType: 'consumer', protocols }
  // Apache Kafka creates the topic of offsets when somebody first asks for a coordinator.
  while ((await requests.call(apis.FindCoordinator, 3, { key: groupId })).errorCode !== 0) await delay(retryMs)
  for (let memberId = ''; ; ) {
    const joined = await requests.call(apis.JoinGroup, 5, { ...wanted, memberId })
    memberId = joined.memberId
    if (joined.errorCode !== 0) {
      // With the id it was given a member comes back at once; a coordinator may still be loading.
      if (joined.errorCode !== ErrorCode.MEMBER_ID_REQUIRED) await delay(retryMs)
      continue
    }
    const { generationId } = joined
    const assignments = [{ memberId, assignment: Buffer.alloc(0) }]
    const synced = await requests.call(apis.SyncGroup, 3, { groupId, generationId, memberId, assignments })
    if (synced.errorCode === 0) return { generationId, memberId }
  }
}

async function beat(requests: Requests, groupId: string): Promise<void> {
  const member = await join(requests, groupId)
  const next = async (): Promise<void> => {
    const { errorCode } = await requests.call(apis.Heartbeat, 3, { groupId, ...member })
    if (errorCode !== 0) unexpected++
    heartbeats++
    setTimeout(() => void next(), heartbeatIntervalMs)
  }
  setTimeout(() => void next(), Math.random() * heartbeatIntervalMs)
}

async function poll(requests: Requests, partition: number): Promise<void> {
  const limits = { maxWaitMs, minBytes: 1, maxBytes: 52_428_800 }
  const topics = [{ topic, partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 1_048_576 }] }]
  let { sessionId } = await requests.call(apis.Fetch, 12, { ...limits, sessionEpoch: 0, topics })
  for (let sessionEpoch = 1; ; sessionEpoch++) {
    const answer = await requests.call(apis.Fetch, 12, { ...limits, sessionId, sessionEpoch, topics: [] })
    fetches++
    if (answer.errorCode === 0 && answer.sessionId !== 0) continue
    // The session had to make room for others: a new one, as clients do.
    unexpected++
    sessionEpoch = 0
    sessionId = (await requests.call(apis.Fetch, 12, { ...limits, sessionEpoch, topics })).sessionId
  }
}

const all = Array.from({ length: Number(consumers) }, (_, index) => index)
for (let from = 0; from < all.length; from += joinedAtOnce) {
  await Promise.all(
    all.slice(from, from + joinedAtOnce).map(async (index) => {
      await beat(await Requests.open(), `idle-${index}`)
      void poll(await Requests.open(), index % Number(partitions))
    }),
  )
}

await drive(async () => {
  fetches = 0
  heartbeats = 0
  unexpected = 0
  await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000))
  return { fetches, heartbeats, unexpected }
})
