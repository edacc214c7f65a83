/** A request that a group refuses, with the code and the words that its answer carries. Caught where it is answered. */
export class GroupRefusal extends Error {
  readonly errorCode: number

  constructor(errorCode: number, message: string) {
    super(message)
    this.errorCode = errorCode
  }
}
