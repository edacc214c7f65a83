/** Names that several transforms have. */
export const replaceNullWithDefault = {
  'replace.null.with.default': {
    type: 'boolean',
    default: true,
    importance: 'medium',
    doc: "Whether a field's default value stands in for null.",
  },
} as const
