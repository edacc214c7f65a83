/** At hand, or on its way: what is in a cache costs no turn of the event loop. `await` takes both. */
export type Awaitable<T> = T | Promise<T>

export function chain<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** All of them, in order. */
export function chainAll<T>(values: readonly Awaitable<T>[]): Awaitable<readonly T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as readonly T[])
}
