import { handlers } from '../../src/core/handlers/index.ts'
import type { AnyHandler } from '../../src/core/request.ts'

/** API keys by what they have to do with each other; what is in no other family is `admin`. */
const keys = {
  produce: [0, 1, 2, 21, 23],
  metadata: [3, 19, 20, 32, 33, 35, 37, 44, 60, 74, 75],
  groups: [8, 9, 10, 11, 12, 13, 14, 15, 16, 42, 47, 68, 69],
  transactions: [22, 24, 25, 26, 28, 61, 65, 66],
  security: [17, 29, 30, 31, 36, 50, 51],
  admin: [],
} as const satisfies Record<string, readonly number[]>

export type Family = keyof typeof keys
export const families = Object.keys(keys) as Family[]

const elsewhere = new Set<number>(Object.values(keys).flat())

/** The handlers of a family, as far as this broker serves them. */
export function handlersOf(family: Family): AnyHandler[] {
  const own: readonly number[] = keys[family]
  return handlers.filter(({ api }) => (family === 'admin' ? !elsewhere.has(api.key) : own.includes(api.key)))
}
