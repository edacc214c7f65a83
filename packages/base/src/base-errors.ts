import { type ErrorTable, errorFactory } from './errors.ts'

/** Codes that any package may throw about what it was given. */
export const baseErrors = {
  CONFIG_UNKNOWN_OPTION: {
    retriable: false,
    cause: 'An option was given that nobody reads, usually a spelling mistake.',
    remedy: 'Correct or remove the option; the message names the nearest known one.',
  },
  CONFIG_INVALID_OPTION: {
    retriable: false,
    cause: 'An option has the wrong type or lies outside its limits.',
    remedy: 'Give the option a value that the message allows.',
  },
  CONFIG_MISSING_OPTION: {
    retriable: false,
    cause: 'An option without a default was not given.',
    remedy: 'Give the option that the message names.',
  },
} as const satisfies ErrorTable

export const baseError = errorFactory(baseErrors)
