/**
 * What a token may ask of the console's API, each what those before it may: ask that a refusal be looked at; see what the console shows; decide
 * requests; forget, and give out tokens.
 */
export const API_SCOPES = ['request', 'read', 'approve', 'admin'] as const

export type ApiScope = (typeof API_SCOPES)[number]

/** Whether one of these is enough. */
export function mayDo(scopes: readonly ApiScope[], need: ApiScope): boolean {
  const least = API_SCOPES.indexOf(need)
  return scopes.some(scope => API_SCOPES.indexOf(scope) >= least)
}

/** In their order, each once; what is no scope is left out. */
export function apiScopesIn(words: readonly string[]): readonly ApiScope[] {
  return API_SCOPES.filter(scope => words.includes(scope))
}
