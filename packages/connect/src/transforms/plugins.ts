import type { PredicatePlugin, TransformPlugin } from './transform.ts'

/** The transforms that configs may name. */
export const transformPlugins: readonly TransformPlugin[] = []

/** The predicates that configs may name. */
export const predicatePlugins: readonly PredicatePlugin[] = []
