const CALLED = 'approval '

/** What an approval is called among the files of a policy, by the id of its request. */
export function approvalFile(request: string): string {
  return `${CALLED}${request}`
}

/** Of which request a file of that name is the approval. */
export function requestOf(file: string): string {
  return file.slice(CALLED.length)
}

/** Whether a file of a policy is what somebody approved, by what it is called. */
export function isApproval(file: string): boolean {
  return /^approval [0-9a-z]+$/.test(file)
}
