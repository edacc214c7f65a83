import type { AnyHandler } from '../request.ts'

/** Every API this broker serves; what is not here is not advertised. */
export const handlers: readonly AnyHandler[] = []
