-- A ledger as the first release wrote it (revision 0001), with rows: what every later release must open.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE equity (
	time_ns BIGINT NOT NULL, 
	scope VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	equity_lamports BIGINT NOT NULL, 
	realized_lamports BIGINT NOT NULL, 
	unrealized_lamports BIGINT NOT NULL, 
	PRIMARY KEY (time_ns, scope, mode)
);
INSERT INTO "equity" VALUES(1760000001000000000,'*','paper',10000000000,-5000,0);
CREATE TABLE fills (
	signature VARCHAR NOT NULL, 
	intent_id VARCHAR NOT NULL, 
	strategy VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	attempt INTEGER NOT NULL, 
	status VARCHAR NOT NULL, 
	side VARCHAR NOT NULL, 
	mint VARCHAR NOT NULL, 
	slot BIGINT NOT NULL, 
	time_ns BIGINT NOT NULL, 
	sol_delta_lamports BIGINT NOT NULL, 
	token_delta_units BIGINT NOT NULL, 
	fee_lamports BIGINT NOT NULL, 
	tip_lamports BIGINT NOT NULL, 
	rent_lamports BIGINT NOT NULL, 
	venue_fee_lamports BIGINT NOT NULL, 
	quoted_out BIGINT NOT NULL, 
	intent_time_ns BIGINT NOT NULL, 
	decimals INTEGER NOT NULL, 
	exit_cause VARCHAR NOT NULL, 
	error VARCHAR NOT NULL, 
	PRIMARY KEY (signature)
);
INSERT INTO "fills" VALUES('paper:v1-buy:0','11111111111111111111111111111111','momentum','paper',0,'filled','buy','DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263',11,1760000000800000000,-100005000,3333333333,5000,0,0,1000000,3333333333,1760000000400000000,6,'','');
INSERT INTO "fills" VALUES('paper:v1-sale:0','22222222222222222222222222222222','momentum','paper',0,'filled','sell','DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263',21,1760000000800000000,49994999,-1666666666,5000,0,0,499999,49999999,1760000000400000000,6,'','');
CREATE TABLE ledger_meta (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "ledger_meta" VALUES('walked_to','5555555555555555555555555555555555555555555555555555555555555555555555555555555555555555');
CREATE TABLE positions (
	strategy VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	mint VARCHAR NOT NULL, 
	units BIGINT NOT NULL, 
	cost_lamports BIGINT NOT NULL, 
	entry_lamports BIGINT NOT NULL, 
	realized_lamports BIGINT NOT NULL, 
	fees_lamports BIGINT NOT NULL, 
	tips_lamports BIGINT NOT NULL, 
	rent_lamports BIGINT NOT NULL, 
	decimals INTEGER NOT NULL, 
	fills INTEGER NOT NULL, 
	opened_ns BIGINT NOT NULL, 
	opened_intent_id VARCHAR NOT NULL, 
	trade_base_lamports BIGINT NOT NULL, 
	trade_outlay_lamports BIGINT NOT NULL, 
	last_slot BIGINT NOT NULL, 
	last_ns BIGINT NOT NULL, 
	last_signature VARCHAR NOT NULL, 
	PRIMARY KEY (strategy, mode, mint)
);
INSERT INTO "positions" VALUES('momentum','paper','DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263',1666666667,50002501,50000001,-7500,10000,0,0,6,2,1760000000800000000,'11111111111111111111111111111111',0,100005000,21,1760000000800000000,'paper:v1-sale:0');
CREATE TABLE rejections (
	intent_id VARCHAR NOT NULL, 
	stage VARCHAR NOT NULL, 
	strategy VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	detail VARCHAR NOT NULL, 
	time_ns BIGINT NOT NULL, 
	mint VARCHAR NOT NULL, 
	side VARCHAR NOT NULL, 
	PRIMARY KEY (intent_id, stage)
);
INSERT INTO "rejections" VALUES('33333333333333333333333333333333','risk_guardian','momentum','halted','',1760000000400000000,'DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263','buy');
CREATE TABLE trades (
	closed_signature VARCHAR NOT NULL, 
	strategy VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	mint VARCHAR NOT NULL, 
	opened_intent_id VARCHAR NOT NULL, 
	closed_intent_id VARCHAR NOT NULL, 
	opened_ns BIGINT NOT NULL, 
	closed_ns BIGINT NOT NULL, 
	outlay_lamports BIGINT NOT NULL, 
	net_lamports BIGINT NOT NULL, 
	exit_cause VARCHAR NOT NULL, 
	PRIMARY KEY (closed_signature)
);
CREATE TABLE wallet_transfers (
	signature VARCHAR NOT NULL, 
	mint VARCHAR NOT NULL, 
	slot BIGINT NOT NULL, 
	time_ns BIGINT NOT NULL, 
	delta BIGINT NOT NULL, 
	fee_lamports BIGINT NOT NULL, 
	note VARCHAR NOT NULL, 
	PRIMARY KEY (signature, mint)
);
INSERT INTO "wallet_transfers" VALUES('5555555555555555555555555555555555555555555555555555555555555555555555555555555555555555','',5,1760000000000000000,10000000000,0,'');
CREATE VIEW orders AS
SELECT intent_id, MIN(event_time_ns) AS event_time_ns, MAX(time_ns) AS time_ns, MIN(strategy) AS strategy, MIN(mint) AS mint,
       MIN(side) AS side, MAX(mode) AS mode, MAX(size_lamports) AS size_lamports, MAX(size_units) AS size_units, MAX(approved) AS approved,
       CASE WHEN MAX(filled) = 1 THEN 'filled' WHEN MAX(reason) <> '' THEN 'rejected' ELSE 'failed' END AS outcome,
       SUM(attempts) AS attempts, MAX(stage) AS stage, MAX(reason) AS reason
FROM (
  SELECT intent_id, intent_time_ns AS event_time_ns, time_ns, strategy, mint, side, mode, ABS(sol_delta_lamports) AS size_lamports,
         ABS(token_delta_units) AS size_units, 1 AS approved, CASE WHEN status = 'filled' THEN 1 ELSE 0 END AS filled,
         1 AS attempts, '' AS stage, '' AS reason FROM fills
  UNION ALL
  SELECT intent_id, NULL, time_ns, strategy, mint, side, '', 0, 0, CASE WHEN stage = 'risk_guardian' THEN 0 ELSE 1 END, 0, 0, stage, reason
  FROM rejections
) AS outcomes GROUP BY intent_id;
COMMIT;
