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
  if (!mayHaveOddNumber(text)) return JSON.parse(text)
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

const [quote, backslash, dot, zero, nine, upperE, lowerE] = [0x22, 0x5c, 0x2e, 0x30, 0x39, 0x45, 0x65] as const

/** Whether a number outside of strings has 16 digits, which a double may not hold, or an exponent. Asked for each record. */
function mayHaveOddNumber(text: string): boolean {
  let digits = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if ((code >= zero && code <= nine) || code === dot) {
      if (++digits >= 16) return true
    } else if (digits > 0 && (code === lowerE || code === upperE)) return true
    else {
      digits = 0
      if (code === quote) at = endOfString(text, at)
    }
  }
  return false
}

/** Where the string ends; the end of the text where it does not. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++
    if (slashes % 2 === 0) return at
  }
  return text.length
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
