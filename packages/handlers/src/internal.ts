export { handlerError, handlerErrors } from './errors.ts'
export { handlerLimits } from './limits.ts'
