DROP TABLE "payments";
DROP TABLE "messages";
