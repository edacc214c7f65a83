/** Numbers of which a double may not hold every digit, or that are written in another form than JavaScript's. */
const oddNumber = /(?:^|[:[,\s])-?(?:\d[\d.]{15}|\d+(?:\.\d+)?[eE])/

/** `JSON.rawJSON`, which TypeScript does not know yet. */
const raw = JSON as unknown as {
  rawJSON(text: string): object
  isRawJSON(value: unknown): value is { readonly rawJSON: string }
}

/**
 * A JSON text as a value. A number that is another one as a double, as 9007199254740993 is, is kept as its digits: what
 * `JSON.stringify` writes as they stood, `digitsOf` gives, and arithmetic refuses.
 *
 * @throws SyntaxError
 */
export function exactJson(text: string): unknown {
  if (!oddNumber.test(text)) return JSON.parse(text)
  const reviver = (_: string, value: unknown, context?: { readonly source?: string }): unknown => {
    if (typeof value !== 'number' || context?.source === undefined) return value
    return isSame(value, context.source) ? value : raw.rawJSON(context.source)
  }
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown)
}

/** The digits of a number that `exactJson` kept; undefined for every other value. */
export function digitsOf(value: unknown): string | undefined {
  return raw.isRawJSON(value) ? value.rawJSON : undefined
}

function isSame(value: number, source: string): boolean {
  const text = String(value)
  return text === source || normalForm(text) === normalForm(source)
}

/** Equal for texts of one number; undefined for infinity. */
function normalForm(text: string): string | undefined {
  const [match, sign = '', integer = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  if (match === undefined) return undefined
  const digits = `${integer}${fraction}`.replace(/^0+/, '')
  const short = digits.replace(/0+$/, '')
  if (short === '') return '0'
  return `${sign}${short}e${Number(exponent) - fraction.length + (digits.length - short.length)}`
}
