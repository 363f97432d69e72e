/** TUF metadata by role (`root`, `timestamp`, `snapshot`, `targets`), as text. */
export type TufMetadata = Readonly<Record<string, string>>

/** What a refresh starts from. */
export interface RefreshRequest {
  /** of the repository, without a slash at its end */
  readonly url: string
  /** file name of the root.json to begin with where no metadata is known; `undefined`: the one shipped with the library */
  readonly rootFile: string | undefined
  readonly metadata: TufMetadata
  /** for scratch files; a worker gets an empty one that belongs to this refresh */
  readonly folder: string
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in either case */
  readonly proxies: Readonly<Record<string, string>>
  /** PEM, added to the default roots */
  readonly ca: string | undefined
}

/** What came of it. The metadata is the newest that TUF accepted, after a failure too. */
export type RefreshAnswer =
  | { readonly kind: 'refreshed'; readonly target: string; readonly metadata: TufMetadata }
  | {
      readonly kind: 'failed'
      /** in a word, without anything from outside */
      readonly reason: string
      /** for logs */
      readonly detail: string
      readonly metadata: TufMetadata
    }
