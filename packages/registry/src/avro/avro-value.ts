/** A schema as a program writes it. Types follow where it is written in place, since its names are then known to the compiler. */
export type AvroSchema =
  | string
  | readonly AvroSchema[]
  | { readonly type: unknown; readonly [attribute: string]: unknown }

interface Primitives {
  null: null
  boolean: boolean
  int: number
  long: bigint
  float: number
  double: number
  bytes: Uint8Array
  string: string
}

/** What readers get of a schema: long is bigint, dates are Date, decimals strings. `unknown` where it cannot be told. */
export type AvroValue<S> = Value<S, 'read'>

/** What writers pass: fields with a default may be left out. */
export type AvroInput<S> = Value<S, 'write'>

type Side = 'read' | 'write'

type Value<S, D extends Side> = S extends keyof Primitives
  ? Primitives[S]
  : S extends readonly unknown[]
    ? Union<S, D>
    : S extends { readonly logicalType: 'timestamp-millis' | 'local-timestamp-millis' }
      ? Date
      : S extends { readonly logicalType: 'decimal' }
        ? string
        : S extends { readonly type: infer Type }
          ? Complex<S, Type, D>
          : unknown

type Complex<S, Type, D extends Side> = Type extends 'record'
  ? S extends { readonly fields: infer Fields extends readonly Field[] }
    ? Fields_<Fields, D>
    : unknown
  : Type extends 'enum'
    ? S extends { readonly symbols: readonly (infer Name)[] }
      ? Name
      : unknown
    : Type extends 'array'
      ? S extends { readonly items: infer Item }
        ? Value<Item, D>[]
        : unknown
      : Type extends 'map'
        ? S extends { readonly values: infer Item }
          ? { [key: string]: Value<Item, D> }
          : unknown
        : Type extends 'fixed'
          ? Uint8Array
          : Value<Type, D>

interface Field {
  readonly name: string
  readonly type: unknown
  readonly default?: unknown
}

type WithDefault<F extends readonly Field[]> = Extract<F[number], { readonly default: unknown }>

type Fields_<F extends readonly Field[], D extends Side> = D extends 'read'
  ? Flat<{ [Each in F[number] as Each['name']]: Value<Each['type'], D> }>
  : Flat<
      { [Each in Exclude<F[number], WithDefault<F>> as Each['name']]: Value<Each['type'], D> } & {
        [Each in WithDefault<F> as Each['name']]?: Value<Each['type'], D> | undefined
      }
    >

type Flat<T> = { [Name in keyof T]: T[Name] }

/** Null and one more; of several others it depends on their kinds how avsc tells them apart. */
type Union<S extends readonly unknown[], D extends Side> =
  Exclude<S[number], 'null'> extends infer Rest
    ? IsUnion<Rest> extends true
      ? unknown
      : Value<Rest, D> | ('null' extends S[number] ? null : never)
    : never

type IsUnion<T, Whole = T> = [T] extends [never]
  ? false
  : T extends unknown
    ? [Whole] extends [T]
      ? false
      : true
    : never
