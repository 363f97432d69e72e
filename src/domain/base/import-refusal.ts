/** Every reason for which what was carried to a mirror is not let in; the texts are for documentation. */
export const IMPORT_REFUSALS = {
  'signature-invalid': 'The signature over the manifest does not verify, or there is none.',
  'signer-foreign': 'The manifest is signed with another key than --signer names.',
  'manifest-invalid': 'The manifest is not one, or contradicts itself.',
  rollback: 'The export is older than one of the same signer that was imported already.',
  'parent-missing': 'The export only carries what is new since another one, which was never imported here.',
  'entry-strange': 'The folder, or an archive in it, holds something that the manifest does not name, or a link.',
  'entry-missing': 'Something that the manifest names is not there.',
  'part-mismatch': 'A part, or a document beside the parts, is not what the manifest says.',
  'blob-mismatch': 'A file in a part is not what the manifest says.',
  'blob-missing': 'A file is listed whose bytes are neither carried nor held.',
  'blob-unexpected': 'Bytes are carried that no listed file needs.',
  'digest-changed': 'A file name is held, or was seen, with another sha256.',
  'file-refused':
    'The policy that is in force here refuses a file, or a file does not verify under the root pinned here.',
} as const

export type ImportCode = keyof typeof IMPORT_REFUSALS

/** What was carried is known to be wrong, or refused here: nothing of it is let in. "Cannot tell" is a GateError. */
export class ImportRefusal extends Error {
  override readonly name = 'ImportRefusal'
  readonly code: ImportCode
  /** For people: what was expected and what was found. */
  readonly detail: string
  /** the same of other files, where there are several */
  readonly more: readonly string[]

  constructor(code: ImportCode, detail: string, more: readonly string[] = []) {
    super(`${code}: ${detail}`)
    this.code = code
    this.detail = detail
    this.more = more
  }
}
