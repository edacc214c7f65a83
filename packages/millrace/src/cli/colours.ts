import picocolors from 'picocolors'

const { NO_COLOR, FORCE_COLOR, TERM } = process.env
const isTerminal = process.stdout.isTTY && TERM !== 'dumb'

/** Colours for terminals. The library takes every CI system for one, also where a script there reads what is printed. */
export const pc = picocolors.createColors(!NO_COLOR && (Boolean(FORCE_COLOR) || isTerminal))
