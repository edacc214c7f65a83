/** What every converter's config may have: Connect sets it, and a header converter's config often says `header`. */
export const converterType = {
  'converter.type': {
    type: 'string',
    oneOf: ['key', 'value', 'header'],
    default: 'value',
    importance: 'low',
    doc: 'What is converted.',
  },
} as const
