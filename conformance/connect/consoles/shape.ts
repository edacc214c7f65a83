import type { Shape } from './console-requests.ts'

/** Where an answer is not of its shape; nothing where it is. */
export function differences(shape: Shape, value: unknown, at = 'answer'): string[] {
  if (shape === 'any') return []
  if (shape === 'empty') return value === undefined ? [] : [`${at} is ${typeof value}, not empty`]
  if (shape === 'texts') return eachOf(value, 'string', at)
  if (typeof shape === 'string') return typeof value === shape ? [] : [`${at} is ${typeName(value)}, not ${shape}`]
  if (isList(shape)) {
    if (!Array.isArray(value)) return [`${at} is ${typeName(value)}, not a list`]
    return value.flatMap((item, index) => differences(shape[0], item, `${at}[${index}]`))
  }
  if ('each' in shape) return eachOf(value, shape.each as Shape, at)
  if (!isObject(value)) return [`${at} is ${typeName(value)}, not an object`]
  return Object.entries(shape).flatMap(([key, wanted]) => {
    const name = key.replace(/\?$/, '')
    const isMissing = value[name] === undefined || value[name] === null
    if (isMissing) return key.endsWith('?') ? [] : [`${at}.${name} is missing`]
    return differences(wanted, value[name], `${at}.${name}`)
  })
}

function eachOf(value: unknown, shape: Shape, at: string): string[] {
  if (!isObject(value)) return [`${at} is ${typeName(value)}, not an object`]
  return Object.entries(value).flatMap(([name, item]) => differences(shape, item, `${at}.${name}`))
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function typeName(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value
}
