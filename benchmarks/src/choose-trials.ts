import type { Trial } from './trial.ts'

/** The trials that a name or a pattern with `*` names; a pattern leaves out those that are run by themselves. */
export function chosen(trials: readonly Trial[], pattern: string): readonly Trial[] {
  if (!pattern.includes('*')) return trials.filter(({ name }) => name === pattern)
  const parts = pattern.split('*').map((part) => part.replaceAll(/[^a-z0-9-]/g, ''))
  const matcher = new RegExp(`^${parts.join('.*')}$`)
  return trials.filter(({ name, isAlone }) => matcher.test(name) && !isAlone)
}
