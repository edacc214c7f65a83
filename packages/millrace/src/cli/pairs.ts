import { millraceError } from '../errors.ts'

/** Splits `name=value` flags. @throws USAGE */
export function pairs(list: readonly string[] | undefined): Record<string, string> {
  return Object.fromEntries(
    (list ?? []).map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw millraceError('USAGE', `"${pair}" is not name=value`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
