import type { ConnectSchema } from '../../../../data/schema.ts'
import type { ValueCodec } from './value-codec.ts'

/** An array of one dimension; a list of lists has no schema here and is refused with a RangeError. */
export function arrayCodec(element: ValueCodec, hasNulls: boolean, unavailable: unknown): ValueCodec {
  const items: ConnectSchema = hasNulls ? { ...element.schema, optional: true } : element.schema
  const itemsOf = (text: string): (string | null)[] => {
    const list = parseArray(text)
    if (!hasNulls && list.includes(null)) throw new RangeError('an array of this type has a null')
    return list
  }
  return {
    schema: { type: 'array', valueSchema: items },
    value: (text) => itemsOf(text).map((item) => (item === null ? null : element.value(item))),
    json: (text) =>
      `[${itemsOf(text)
        .map((item) => (item === null ? 'null' : element.json(item)))
        .join(',')}]`,
    zero: [],
    unavailable,
  }
}

/** `{1,NULL,"a \"quoted\" text"}` as the texts of its elements. @throws RangeError */
function parseArray(text: string): (string | null)[] {
  // Bounds that do not begin at 1 come first: [0:1]={1,2}.
  let at = text.indexOf('{') + 1
  if (at === 0) throw new RangeError('an array has no brace')
  const items: (string | null)[] = []
  if (text[at] === '}') return items
  while (at < text.length) {
    const character = text[at]
    if (character === '{') throw new RangeError('an array has more than one dimension')
    if (character === '"') {
      const end = closingQuote(text, at + 1)
      items.push(text.slice(at + 1, end).replaceAll(/\\(.)/gs, '$1'))
      at = end + 1
    } else {
      const end = endOfPlain(text, at)
      const item = text.slice(at, end)
      items.push(item === 'NULL' ? null : item)
      at = end
    }
    // A comma or the last brace.
    at++
  }
  return items
}

function closingQuote(text: string, start: number): number {
  let at = start
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

function endOfPlain(text: string, start: number): number {
  let at = start
  while (at < text.length && text[at] !== ',' && text[at] !== '}') at++
  return at
}
