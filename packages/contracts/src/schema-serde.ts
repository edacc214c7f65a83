import type { StandardSchemaV1 } from '@standard-schema/spec'
import { contractError } from './errors.ts'
import type { Serde } from './serde.ts'
import { decodeText, encodeText, parseJson, toJson } from './text.ts'

/** How many issues of a schema an error message lists. */
const issuesMax = 5
const pathMaxChars = 100

type Verdict<T> = StandardSchemaV1.Result<T>

/**
 * Values as JSON, checked by a schema in both directions. What travels is the writer's input, so that defaults and
 * transforms of the schema happen where the record is read. The check on writing looks at the JSON rather than at the
 * value: what JSON changes (a Date becomes a string) is refused here when readers would refuse it there.
 */
export function valueSchemaSerde<In, Out>(schema: StandardSchemaV1<In, Out>): Serde<Out, In> {
  const what = 'the value'
  return {
    name: `schema(${schema['~standard'].vendor})`,
    serialize(value) {
      const text = toJson(value, what)
      accepted(ask(schema, JSON.parse(text)), what)
      return encodeText(text, what)
    },
    deserialize: (bytes) => accepted(ask(schema, parseJson(decodeText(bytes, what), what)), what),
  }
}

/**
 * Keys under a schema. Strings travel as bare text, as every other Kafka client writes them; anything else as JSON. On
 * reading, the schema is asked about the text first and then about the JSON in it.
 */
export function keySchemaSerde<In, Out>(schema: StandardSchemaV1<In, Out>): Serde<Out, In> {
  const what = 'the key'
  const read = (text: string): Out => {
    const plain = ask(schema, text)
    if (!plain.issues) return plain.value
    const parsed = parseQuietly(text)
    // A text that is no JSON can only have been meant as text: then the first verdict is the one that explains.
    if (parsed === undefined) return accepted(plain, what)
    return accepted(ask(schema, parsed.value), what)
  }
  return {
    name: `schema(${schema['~standard'].vendor})`,
    serialize(value) {
      if (typeof value === 'string') {
        accepted(ask(schema, value), what)
        return encodeText(value, what)
      }
      const text = toJson(value, what)
      const own = accepted(ask(schema, JSON.parse(text)), what)
      // A schema that takes both 5 and "5" as they are would read the number back as a text, and join nothing.
      if (JSON.stringify(read(text)) !== JSON.stringify(own)) {
        throw contractError(
          'CONTRACT_MISMATCH',
          `${what} would be read back as another one: the schema accepts its JSON as text`,
        )
      }
      return encodeText(text, what)
    },
    deserialize: (bytes) => read(decodeText(bytes, what)),
  }
}

function ask<Out>(schema: StandardSchemaV1<unknown, Out>, value: unknown): Verdict<Out> {
  const verdict = schema['~standard'].validate(value)
  if (!(verdict instanceof Promise)) return verdict
  verdict.catch(() => {})
  throw contractError('CONTRACT_INVALID', 'the schema is asynchronous; contracts need one that answers at once', {
    vendor: schema['~standard'].vendor,
  })
}

function accepted<Out>(verdict: Verdict<Out>, what: string): Out {
  if (!verdict.issues) return verdict.value
  const listed = verdict.issues.slice(0, issuesMax).map(describe)
  const more = verdict.issues.length - listed.length
  const reasons = listed.join('; ') + (more > 0 ? `; and ${more} more` : '')
  throw contractError('CONTRACT_MISMATCH', `${what} does not match its schema: ${reasons}`)
}

/**
 * Path and expectation of an issue. Its message is left out, since some libraries quote the offending value in it;
 * `expected` is a field that zod, valibot and arktype share although the standard does not know it.
 */
function describe(issue: StandardSchemaV1.Issue & { readonly expected?: unknown }): string {
  const keys = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
  const path = keys.join('.').slice(0, pathMaxChars)
  const expected = typeof issue.expected === 'string' ? `expected ${issue.expected}` : 'not accepted'
  return path === '' ? expected : `${path}: ${expected}`
}

function parseQuietly(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
