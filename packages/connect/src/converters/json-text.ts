/** A string as Java's JSON writer (Jackson) writes it. */
export function jsonString(value: string): string {
  return jacksonForm(JSON.stringify(value))
}

const surrogate = /[\ud800-\udfff]/

/** JSON text with its escapes as Jackson writes them: in upper case, and for what is beyond the basic plane. */
export function jacksonForm(text: string): string {
  const upper = text.includes('\\u00') ? text.replace(/\\\\|\\u00[01][0-9a-f]/g, upperHex) : text
  return surrogate.test(upper) ? upper.replace(/[\ud800-\udfff]/g, escapedUnit) : upper
}

function upperHex(match: string): string {
  return match === '\\\\' ? match : `\\u${match.slice(2).toUpperCase()}`
}

function escapedUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).toUpperCase()}`
}

/** A number whose digits do not fit into a double: its text as it stood. */
export class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

// A double holds any 15 digits.
const manyDigits = /\d[\d.]{15}|\d[eE]/

/**
 * JSON text as a value; integers beyond 2^53 are bigints. With `exact`, other numbers that a double rounds are NumberText.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string, exact: boolean): unknown {
  if (!manyDigits.test(text)) return JSON.parse(text)
  const reviver = (_: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? exactNumber(value, context?.source ?? '', exact) : value
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown)
}

function exactNumber(value: number, source: string, exact: boolean): unknown {
  if (Number.isSafeInteger(value) && !/[.eE]/.test(source)) return value
  if (/^-?\d+$/.test(source)) return BigInt(source)
  return exact && String(value) !== source ? new NumberText(source) : value
}

/** The same value with doubles in the place of NumberText. */
export function withoutNumberText(value: unknown): unknown {
  if (value instanceof NumberText) return Number(value.text)
  if (Array.isArray(value)) return value.map(withoutNumberText)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withoutNumberText(field)]))
}

/** Where the JSON value that begins at `start` ends; undefined where it does not end. Does not check what it skips. */
export function endOfJsonValue(text: string, start: number): number | undefined {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (character === '"') {
      at = endOfString(text, at)
      if (at < 0) return undefined
    } else if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    else continue
    if (depth === 0) return at + 1
  }
  return undefined
}

/** The index of the closing quote; -1 where there is none. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text[at - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return at
  }
  return -1
}
