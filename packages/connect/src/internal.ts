export { connectErrors } from './errors.ts'
