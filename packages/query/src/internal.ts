export { queryError, queryErrors } from './errors.ts'
