/** The server's answers as this page reads them: generated from its OpenAPI document, see schema.ts. */
import type * as schema from './schema';

export type {
  AgentUsage,
  Colors as Palettes,
  Connect as AgentConnect,
  CostBucket,
  EventRow,
  Palette as AgentColors,
  RunningTool as ToolCall,
  SessionRow,
  Stats,
  SubagentRow as SubAgent,
  UsageWindow,
} from './schema';

/** What a session is doing, as the server says it. */
export type State = schema.SessionRow['state'];

/** One agent of `GET /api/agents`. */
export type AgentInfo = schema.AgentRow;

/** What `GET /api/stream` sends, one JSON document to a frame. */
export type Frame =
  schema.Connected | schema.EventFrame | schema.SessionFrame | schema.StatsFrame | schema.UpdateFrame;
