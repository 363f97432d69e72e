/** How an exemption names what it waives. */
export type Waiver =
  | 'attestation'
  | 'identity'
  | 'predicate'
  | 'slsa'
  | 'regression'
  | 'cooldown'
  | 'yanked'
  | 'status'
  | 'source'

interface RefusalEntry {
  /** Short: names what is wrong, fits a line of a terminal. */
  readonly title: string
  /** What it means, in a sentence or two. */
  readonly meaning: string
  /** What the developer or the platform team can do. */
  readonly remedy: string
  /** Never waived by an exemption, refused in audit mode too. */
  readonly hard: boolean
  readonly waive?: Waiver
  /** Refused in audit mode too, although an exemption may waive it: what watching lets in would be somebody else's file. */
  readonly evenInAudit?: true
}

/** Every reason for a 403. The reference's table and the explain pages are generated from it. */
export const REFUSALS = {
  unattested: {
    title: 'no attestation',
    meaning: 'The index offers no provenance for this file, and the policy requires it.',
    remedy: 'Pick an attested version, or ask the platform team for an exemption pinned to the file’s sha256.',
    hard: false,
    waive: 'attestation',
  },
  'provenance-malformed': {
    title: 'malformed provenance',
    meaning: 'The provenance document is not what PEP 740 describes.',
    remedy: 'Nothing to fix here: report the file to the index and its project.',
    hard: true,
  },
  'signature-invalid': {
    title: 'attestation does not verify',
    meaning: 'A signature, certificate, log entry or timestamp of the attestation fails.',
    remedy: 'Treat the file as tampered with and report it to the index and its project.',
    hard: true,
  },
  'subject-mismatch': {
    title: 'attestation is about another file',
    meaning: 'The signed statement names another file, or not exactly one.',
    remedy: 'Treat the file as tampered with and report it to the index and its project.',
    hard: true,
  },
  'digest-mismatch': {
    title: 'attestation is about other bytes',
    meaning: 'The signed digest is not the digest of this file.',
    remedy: 'Treat the file as tampered with and report it to the index and its project.',
    hard: true,
  },
  'metadata-mismatch': {
    title: 'METADATA differs from the wheel',
    meaning:
      'The .metadata file of the index is not the METADATA inside the wheel: it differs, is of another release, or is another file.',
    remedy: 'Treat the wheel as tampered with and report it to the index and its project.',
    hard: true,
  },
  'metadata-unreadable': {
    title: 'METADATA cannot be read',
    meaning:
      'The METADATA inside the wheel is kept in a way that the gate does not read (another compression than deflate, encryption), or in a zip archive that could be read in two ways, so it cannot be compared with the .metadata file of the index; or that file is no core metadata in UTF-8 without control characters, and is not given out.',
    remedy:
      'The bytes are those of the index. Install another file of the release, or ask the project to build the wheel with a current tool.',
    hard: true,
  },
  'digest-missing': {
    title: 'the index gives no sha256',
    meaning: 'Without a sha256 in the index nothing can be said about the bytes.',
    remedy: 'Use an index that publishes sha256 digests.',
    hard: true,
  },
  'file-unsupported': {
    title: 'not a wheel or sdist',
    meaning: 'Only wheels (.whl) and source distributions (.tar.gz, .zip) can carry attestations.',
    remedy: 'Install a wheel or a source distribution of the project.',
    hard: true,
  },
  'too-large': {
    title: 'file too large',
    meaning: 'The file is larger than files.max_size.',
    remedy: 'Ask the platform team to raise files.max_size.',
    hard: true,
  },
  'source-changed': {
    title: 'the name has another source',
    meaning:
      'The name belongs to one source of this index, which does not have it any more (or may not be asked about it any more), and the file is listed by another one. Names never move from one source to another by themselves, in audit mode neither.',
    remedy:
      'Find out whose name it is. The platform team says so: in `owns` of the source, or by `portcullis policy approve NAME --source SOURCE`. A single file that somebody has looked at can be pinned in an exemption that waives source.',
    hard: false,
    waive: 'source',
    evenInAudit: true,
  },
  confusable: {
    title: 'name could be taken for one of ours',
    meaning:
      'The project’s name differs from one that another source owns by separators, by digits for letters, or by one edit, and the rule denies such names.',
    remedy:
      'Check the spelling in your requirements. If this project is meant, the platform team writes a rule for it, or pins the file in an exemption that waives source.',
    hard: false,
    waive: 'source',
  },
  'publisher-object-mismatch': {
    title: 'the index contradicts the certificate',
    meaning:
      'The index’s publisher object disagrees with the certificate that signed. An honest index never produces it.',
    remedy: 'Treat the file as tampered with and report it to the index.',
    hard: true,
  },
  'publisher-unknown': {
    title: 'publisher of an unknown kind',
    meaning:
      'The attestation verifies, but the index names a kind of publisher that is not known here yet, so no rule can name who may sign.',
    remedy:
      'Pick a version by a publisher of a known kind; the platform team can look at who signed and pin the file in an exemption that waives identity.',
    hard: false,
    waive: 'identity',
  },
  'publisher-mismatch': {
    title: 'signed by somebody else',
    meaning: 'The attestation verifies, but the policy names another publisher for this project.',
    remedy: 'Check who published the file; if it is legitimate, the platform team adds the publisher to the rule.',
    hard: false,
    waive: 'identity',
  },
  'publisher-changed': {
    title: 'signed by somebody new',
    meaning:
      'The attestation verifies, but by another identity than the first that was proved for this project, and the policy holds a change until somebody approves it.',
    remedy:
      'Ask the platform team to look at the change; `portcullis policy approve` shows them both identities, and the rule that accepts them.',
    hard: false,
    waive: 'identity',
  },
  'predicate-not-allowed': {
    title: 'predicate type not allowed',
    meaning: 'The attestations lack a required predicate type, or have one that the policy does not allow.',
    remedy: 'The platform team can change predicates.require or predicates.allow of the rule.',
    hard: false,
    waive: 'predicate',
  },
  'predicate-mismatch': {
    title: 'predicate contradicts the certificate',
    meaning:
      'What the SLSA predicate claims about the build is not what the certificate proves; or the rule demands SLSA, and the predicate says too little to be compared.',
    remedy:
      'Where it contradicts, treat the file as tampered with and report it to its project. Where it only cannot be compared, the platform team can take slsa out of the rule.',
    hard: true,
  },
  'builder-not-trusted': {
    title: 'builder not trusted',
    meaning:
      'The policy demands SLSA provenance of a named builder or level, and the certificates of this file do not show it.',
    remedy: 'Pick a version that a trusted builder made; the platform team can change slsa of the rule.',
    hard: false,
    waive: 'slsa',
  },
  'provenance-lost': {
    title: 'attestations have stopped',
    meaning: 'Earlier files of this project were attested, this one is not: the way a stolen upload token would show.',
    remedy:
      'Stay on the last attested version and ask the project whether its release process changed; the platform team can pin the file in an exemption that waives regression.',
    hard: false,
    waive: 'regression',
  },
  'provenance-partial': {
    title: 'not attested like its release',
    meaning: 'Other files of the same release are attested, this one is not.',
    remedy:
      'Install an attested file of the release, or ask the project how this one came to be; the platform team can pin it in an exemption that waives regression.',
    hard: false,
    waive: 'regression',
  },
  'added-late': {
    title: 'added long after its release',
    meaning: 'The file came to a release more than 14 days after the first file of it.',
    remedy:
      'Look at why an old release got a new file; the platform team can pin it in an exemption that waives regression, or set regression.added_late of the rule.',
    hard: false,
    waive: 'regression',
  },
  'too-new': {
    title: 'too new',
    meaning: 'The file is younger than the policy’s cooldown.',
    remedy: 'Wait until it is old enough, or pick an older version.',
    hard: false,
    waive: 'cooldown',
  },
  'upload-time-missing': {
    title: 'age unknown',
    meaning: 'The policy has a cooldown, and the index does not say when the file was uploaded.',
    remedy:
      'Use an index that gives upload-time (PEP 700; pages in HTML never do), or ask the platform team for an exemption that waives cooldown.',
    hard: false,
    waive: 'cooldown',
  },
  revoked: {
    title: 'revoked',
    meaning: 'The platform team has revoked this file, or the run, commit, repository or release that it comes from.',
    remedy: 'Move to another version, and treat machines that installed this one as the reason of the revocation says.',
    hard: true,
  },
  yanked: {
    title: 'yanked by its author',
    meaning: 'The author withdrew the file, and the policy denies yanked files.',
    remedy: 'Pick another version.',
    hard: false,
    waive: 'yanked',
  },
  'project-status': {
    title: 'project archived or deprecated',
    meaning: 'The index marks the project archived or deprecated, and the policy denies that.',
    remedy: 'Move to a maintained project, or ask the platform team for an exemption.',
    hard: false,
    waive: 'status',
  },
  'project-quarantined': {
    title: 'project quarantined',
    meaning: 'The index quarantined the project.',
    remedy: 'Wait until the index clears the project.',
    hard: true,
  },
  'no-rule': {
    title: 'no rule for this project',
    meaning: 'The policy has no rule for the project and denies what it does not name.',
    remedy: 'Ask the platform team to add a rule for it.',
    hard: false,
  },
  'rule-denies': {
    title: 'denied by rule',
    meaning: 'The policy denies this project by name.',
    remedy: 'Use another project; the rule says why.',
    hard: true,
  },
  'exemption-expired': {
    title: 'exemption expired',
    meaning: 'An exemption covered this file and has ended.',
    remedy: 'Move to an attested version, or ask the owner of the exemption to renew it.',
    hard: false,
  },
} as const satisfies Record<string, RefusalEntry>

/** What a refusal is called, in the words of the catalogue. */
export type RefusalCode = keyof typeof REFUSALS

export function refusalEntry(code: RefusalCode): RefusalEntry {
  return REFUSALS[code]
}
