/** Pages that are there for a scene; those of one revocation have addresses of their own. */
export const PATHS = [
  '/',
  '/projects',
  '/projects/demo',
  '/refusals',
  '/would-refuse',
  '/exemptions',
  '/revocations',
  '/journal',
  '/journal?project=demo',
  '/downloads',
  '/audit',
  '/what-if',
] as const
