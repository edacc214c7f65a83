import { configDef } from './config-def.ts'
import type { Password } from './password.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const assertType = <T extends true>(_proof?: T): void => {}

const config = configDef({
  file: { type: 'string', importance: 'high', doc: '' },
  mode: { type: 'string', oneOf: ['insert', 'upsert'], default: 'insert', importance: 'high', doc: '' },
  kinds: { type: 'list', oneOf: ['a', 'b'], default: [], importance: 'high', doc: '' },
  topics: { type: 'list', importance: 'high', doc: '' },
  retries: { type: 'int', default: null, importance: 'low', doc: '' },
  password: { type: 'password', default: null, importance: 'high', doc: '' },
  old: { type: 'string', default: null, importance: 'low', doc: '', notSupported: 'gone' },
}).parse('x', {})

assertType<Equal<typeof config.file, string>>()
assertType<Equal<typeof config.mode, 'insert' | 'upsert'>>()
assertType<Equal<typeof config.kinds, readonly ('a' | 'b')[]>>()
assertType<Equal<typeof config.topics, readonly string[]>>()
assertType<Equal<typeof config.retries, number | undefined>>()
assertType<Equal<typeof config.password, Password | undefined>>()

// @ts-expect-error a name that is not defined has no value
config.files
// @ts-expect-error a type that configs do not have
configDef({ x: { type: 'integer', importance: 'high', doc: '' } })
