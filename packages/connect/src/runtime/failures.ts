import { type Clock, isMillraceError } from '@millrace/base'

/** Kafka errors that end a producer or consumer but not the work: with a new one it goes on from its stored position. */
const reopenable = new Set([
  'KAFKA_CLOSED',
  'KAFKA_DELIVERY_TIMEOUT',
  'KAFKA_INVALID_PRODUCER_ID_MAPPING',
  'KAFKA_INVALID_TXN_STATE',
  'KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER',
  'KAFKA_PRODUCER_FAILED',
  'KAFKA_TRANSACTION_ABORTABLE',
  'KAFKA_TRANSACTION_ABORTED',
  'KAFKA_UNKNOWN_MEMBER_ID',
  'KAFKA_UNKNOWN_PRODUCER_ID',
])

const fencing = new Set(['KAFKA_FENCED', 'KAFKA_PRODUCER_FENCED', 'KAFKA_INVALID_PRODUCER_EPOCH'])

/** What a runner does after an error: wait and open anew, let the other instance work, or stop and say why. */
export function verdictOn(error: unknown): 'retry' | 'standby' | 'fail' {
  const chain = causesOf(error)
  if (chain.some((cause) => isMillraceError(cause) && fencing.has(cause.code))) return 'standby'
  // A wrapper says that its producer is of no more use; whether waiting helps is in what it wraps.
  const [outermost] = chain
  if (!isMillraceError(outermost)) return 'fail'
  if (outermost.retriable) return 'retry'
  if (!reopenable.has(outermost.code)) return 'fail'
  const root = chain.findLast(isMillraceError) ?? outermost
  return root.retriable || reopenable.has(root.code) ? 'retry' : 'fail'
}

function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = []
  for (let cause = error; cause instanceof Error && chain.length < 10; cause = cause.cause) chain.push(cause)
  return chain.length > 0 ? chain : [error]
}

/** Rejects as soon as the signal aborts, leaving the work to end by itself. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => {})
    return Promise.reject(signal.reason)
  }
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** As `abortable`, but work that is under way when the signal aborts still gets `graceMs` to finish. */
export async function finishing<T>(work: Promise<T>, signal: AbortSignal, clock: Clock, graceMs: number): Promise<T> {
  const late = new AbortController()
  let cancel: (() => void) | undefined
  const onAbort = (): void => {
    cancel = clock.after(graceMs, () => late.abort(signal.reason))
  }
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await abortable(work, late.signal)
  } finally {
    signal.removeEventListener('abort', onAbort)
    cancel?.()
  }
}

/** Resolves when the work has ended, however, or after `maxMs`: for closing what may have lost its other end. */
export async function endWithin(clock: Clock, maxMs: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(maxMs, resolve)
  const ended = work.then(
    () => resolve(),
    () => resolve(),
  )
  await Promise.race([ended, late])
  cancel()
}
