/** JSON of a value that may hold 64-bit integers, which become texts, and bytes, which become base64. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value, replacer)
}

function replacer(this: unknown, name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  // Not the value: `Buffer.toJSON` has been there already.
  const member = (this as Readonly<Record<string, unknown>>)[name]
  return member instanceof Uint8Array ? Buffer.from(member).toString('base64') : value
}
