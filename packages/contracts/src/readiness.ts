import { isMillraceError, type MillraceError } from '@millrace/base'
import { contractError } from './errors.ts'
import type { AnyTopicContract } from './topic.ts'

/** The promise of an error, found by any copy of this package in the process. */
const readyOf = Symbol.for('millrace.ready')

/** The error of a serde that lacks something which is on its way; `ready` says when to try again, or why there is no use. */
export function notReady(message: string, ready: Promise<unknown>): MillraceError {
  // Whoever waits hears of the failure; nobody waiting is no reason to end the process.
  ready.catch(() => undefined)
  return Object.defineProperty(contractError('CONTRACT_NOT_READY', message), readyOf, { value: ready })
}

/** Whether trying again later is all that is needed. */
export function isNotReady(error: unknown): boolean {
  return isMillraceError(error) && error.code === 'CONTRACT_NOT_READY'
}

function readinessOf(error: unknown): Promise<unknown> | undefined {
  return isNotReady(error) ? (error as { [readyOf]?: Promise<unknown> })[readyOf] : undefined
}

/** Resolves when what a serde lacked has come, or will not come this time: whoever tries again is told. */
export function whenSettled(error: unknown): Promise<void> {
  const ignored = (): void => {}
  return (readinessOf(error) ?? Promise.resolve()).then(ignored, ignored)
}

/**
 * Does work that serialises or deserialises; where a schema is still on its way from the registry, waits for it and does
 * the work once more. The result is a promise only then, so that `await` costs nothing else.
 *
 * @throws what the registry refused, and REGISTRY_UNREACHABLE after its retries
 * @example
 * const value = await whenReady(() => order.value.deserialize(record.value))
 */
export function whenReady<T>(work: () => T): T | Promise<Awaited<T>> {
  const again = (error: unknown): Promise<Awaited<T>> => {
    const ready = readinessOf(error)
    if (ready === undefined) throw error
    return ready.then(() => whenReady(work)) as Promise<Awaited<T>>
  }
  try {
    const done = work()
    return done instanceof Promise ? done.catch(again) : done
  } catch (error) {
    return again(error)
  }
}

/**
 * Fetches what writing to the topics of contracts takes (schemas are registered or looked up), so that `serialize`
 * answers at once. Contracts without schema registry need nothing.
 *
 * @example
 * await prepare(order, shipment)
 * producer.produce(order.name, { key: order.key.serialize(id), value: order.value.serialize(row) })
 */
export function prepare(...contracts: readonly AnyTopicContract[]): Promise<void> {
  return Promise.all(contracts.flatMap(({ key, value }) => [key.prepare?.(), value.prepare?.()])).then(() => undefined)
}
