-- The applied migrations, a line each, in the order of their names.
SELECT DISTINCT migration_name COLLATE "C" FROM "_prisma_migrations"
 WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY 1;
