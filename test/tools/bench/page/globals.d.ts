interface Performance {
  /** https://wicg.github.io/performance-measure-memory/ */
  measureUserAgentSpecificMemory(): Promise<{ bytes: number }>;
}
