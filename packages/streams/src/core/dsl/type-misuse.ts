import type {
  HeadersKeyValueStore,
  HeadersSessionStore,
  HeadersWindowStore,
  KeyValueStore,
  SessionStore,
  TimestampedKeyValueStore,
  VersionedKeyValueStore,
  WindowStore,
} from '../stores/user-stores.ts'
import type { TypeMessage } from './type-error.ts'

// biome-ignore lint/suspicious/noExplicitAny: what a store holds is between its processor and those who read it
type Any = any
type Rows = KeyValueStore<Any, Any> | TimestampedKeyValueStore<Any, Any> | HeadersKeyValueStore<Any, Any>
type Windows = WindowStore<Any, Any> | HeadersWindowStore<Any, Any>
type Sessions = SessionStore<Any, Any> | HeadersSessionStore<Any, Any>
type Versions = VersionedKeyValueStore<Any, Any>

type Methods = Extract<keyof Rows | keyof Windows | keyof Sessions | keyof Versions, string>

/** A store as processors are given it: what stores of other kinds are asked by reads as a sentence in the compiler's message. */
export type AskedByKind<S> = S extends Versions
  ? Asked<S, 'A versioned store', 'get(key, asOfMs?) or put(key, value, timestamp)'>
  : S extends Windows
    ? Asked<
        S,
        'A window store',
        'get(key, windowStartMs), fetch(key, { fromMs, toMs }), fetchAll({ fromMs, toMs }) or all()'
      >
    : S extends Sessions
      ? Asked<S, 'A session store', 'fetchSession(key, startMs, endMs), findSessions(key, query), fetch(key) or all()'>
      : S extends Rows
        ? Asked<S, 'A store of keys and values', 'get(key), range({ from, to }) or all()'>
        : S

type Asked<S, Kind extends string, By extends string> = S & {
  readonly [M in Exclude<Methods, keyof S>]: TypeMessage<`${Kind} has no ${M}: it is asked by ${By}`>
}
