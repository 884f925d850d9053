/** What a member may do in an organization; a higher level may do all that a lower one may. PostHog's numbers. */
export enum MembershipLevel {
  Member = 1,
  Admin = 8,
  Owner = 15,
}
