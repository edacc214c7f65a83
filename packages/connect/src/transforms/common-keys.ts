import type { ConfigRule } from '../config/config-def.ts'

/** Names that several transforms have. */
export const replaceNullWithDefault = {
  'replace.null.with.default': {
    type: 'boolean',
    default: true,
    importance: 'medium',
    doc: "Whether a field's default value stands in for null.",
  },
} as const

/** Two lists whose items belong together. */
export function sameLength(name: string, other: string): ConfigRule {
  return {
    name,
    problem: ({ [name]: own, [other]: others }) => {
      if (!Array.isArray(own) || !Array.isArray(others) || own.length === others.length) return undefined
      return `it must have as many items as ${other}`
    },
  }
}
