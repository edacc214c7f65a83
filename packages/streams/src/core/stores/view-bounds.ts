import type { Serde } from '@millrace/contracts'
import { asBuffer, justAfter } from './bytes.ts'
import type { RangeQuery } from './views.ts'

type Bound = Uint8Array | undefined

/** The bytes that a range of a key-value store begins with, and ends before; `prefix` narrows what the keys say. */
export function boundsOf(serde: Serde<unknown, unknown>, query: RangeQuery<unknown>): [from: Bound, to: Bound] {
  const { prefix } = query
  const from = query.from === undefined ? undefined : serde.serialize(query.from)
  const to = query.to === undefined ? undefined : justAfter(serde.serialize(query.to))
  if (prefix === undefined) return [from, to]
  const begin = typeof prefix === 'string' ? Buffer.from(prefix) : prefix
  const end = behindPrefix(begin)
  return [
    from === undefined || Buffer.compare(from, begin) < 0 ? begin : from,
    to === undefined || (end !== undefined && Buffer.compare(to, end) > 0) ? end : to,
  ]
}

/** The smallest bytes that are greater than all that begin with the prefix; undefined where there are none. */
function behindPrefix(prefix: Uint8Array): Uint8Array | undefined {
  for (let length = prefix.length; length > 0; length--) {
    if (prefix[length - 1] === 0xff) continue
    const end = Buffer.from(prefix.subarray(0, length))
    end[length - 1]! += 1
    return end
  }
  return undefined
}

/**
 * Keys from one to another, both inclusive, for stores whose keys have a time behind them. They vary in length, so that
 * bytes of a time may sort between keys: where the scan may begin is known, what belongs to the range is compared. `only`
 * is the key where there can be but one.
 */
export function keysWithin(
  serde: Serde<unknown, unknown>,
  { from, to, prefix }: Pick<RangeQuery<unknown>, 'from' | 'to' | 'prefix'>,
): { readonly first: Bound; readonly only: Uint8Array | undefined; contain(key: Uint8Array): boolean } {
  const first = from === undefined ? undefined : asBuffer(serde.serialize(from))
  const last = to === undefined ? undefined : asBuffer(serde.serialize(to))
  const begin = typeof prefix === 'string' ? Buffer.from(prefix) : prefix && asBuffer(prefix)
  const contain = (key: Uint8Array): boolean =>
    (first === undefined || Buffer.compare(key, first) >= 0) &&
    (last === undefined || Buffer.compare(key, last) <= 0) &&
    (begin === undefined || begin.equals(key.subarray(0, begin.length)))
  return {
    first: begin !== undefined && (first === undefined || Buffer.compare(first, begin) < 0) ? begin : first,
    only: first !== undefined && last !== undefined && first.equals(last) && contain(first) ? first : undefined,
    contain,
  }
}
