/** Who sends requests: `User:alice`. Without authentication everyone is `User:ANONYMOUS`. */
export interface Principal {
  readonly type: string
  readonly name: string
}

export const anonymous: Principal = { type: 'User', name: 'ANONYMOUS' }
